// A picture to paint on: with the mouse, a finger, or the keyboard.

export class Painting {
  constructor(canvas, tools) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.tools = tools; // () -> {tool, colour, size}
    this.strokes = [];
    this.cursor = null;
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", () => this.end());
    canvas.addEventListener("pointercancel", () => this.end());
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => this.point(null));
  }

  async open(address) {
    const image = new Image();
    image.src = address;
    await image.decode();
    this.image = image;
    this.canvas.width = image.naturalWidth;
    this.canvas.height = image.naturalHeight;
    this.strokes = [];
    this.cursor = null;
    this.draw();
  }

  get painted() {
    return this.strokes.length > 0;
  }

  undo() {
    this.strokes.pop();
    this.draw();
  }

  restore() {
    this.strokes = [];
    this.draw();
  }

  // The picture as it is painted, or without its strokes, as a file.
  file(name, painted = true) {
    this.point(null);
    if (!painted) this.context.drawImage(this.image, 0, 0);
    const made = new Promise((done) => this.canvas.toBlob((blob) => done(new File([blob], name, { type: "image/png" })), "image/png"));
    if (!painted) this.draw(); // what the file holds was taken already
    return made;
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = this.canvas.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  begin(event) {
    if (!this.image || event.button > 0) return;
    event.preventDefault();
    this.canvas.focus();
    this.canvas.setPointerCapture(event.pointerId);
    this.cursor = null;
    this.stroke = { ...this.tools(), points: [this.place(event)] };
    this.strokes.push(this.stroke);
    this.draw();
  }

  move(event) {
    if (!this.stroke) return;
    if (this.stroke.tool === "box") this.stroke.points[1] = this.place(event);
    else this.stroke.points.push(this.place(event));
    this.draw();
  }

  end() {
    this.stroke = null;
  }

  key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!this.image) return;
    const [width, height] = [this.canvas.width, this.canvas.height];
    const at = this.cursor || [width / 2, height / 2];
    if (event.key in steps) {
      const far = Math.max(width, height) / (event.shiftKey ? 80 : 20);
      const [x, y] = steps[event.key];
      this.point([Math.min(width, Math.max(0, at[0] + x * far)), Math.min(height, Math.max(0, at[1] + y * far))]);
    } else if (event.key === " ") {
      this.strokes.push({ ...this.tools(), points: [at], tool: this.tools().tool === "blur" ? "blur" : "brush" });
      this.point(at);
    } else if (event.key === "u" || event.key === "U") this.undo();
    else return;
    event.preventDefault();
  }

  point(at) {
    this.cursor = at;
    this.draw();
  }

  draw() {
    if (!this.image) return;
    const { context, canvas } = this;
    context.drawImage(this.image, 0, 0);
    for (const stroke of this.strokes) this.paint(stroke);
    if (this.cursor) {
      const radius = this.tools().size / 2;
      for (const [colour, dash] of [["#fff", []], ["#000", [5, 5]]]) {
        context.beginPath();
        context.setLineDash(dash);
        context.strokeStyle = colour;
        context.lineWidth = Math.max(2, canvas.width / 250);
        context.arc(...this.cursor, radius, 0, 2 * Math.PI);
        context.stroke();
      }
      context.setLineDash([]);
    }
  }

  paint({ tool, colour, size, points }) {
    const { context, canvas } = this;
    context.save();
    if (tool === "box") {
      const [[x, y], [right, bottom]] = [points[0], points[1] || points[0]];
      context.fillStyle = colour;
      context.fillRect(x, y, right - x, bottom - y);
    } else if (tool === "blur") {
      context.beginPath();
      for (const [x, y] of points) {
        context.moveTo(x, y);
        context.arc(x, y, size / 2, 0, 2 * Math.PI);
      }
      context.clip();
      context.filter = `blur(${Math.max(4, canvas.width / 40)}px)`;
      context.drawImage(this.image, 0, 0);
    } else if (points.length === 1) {
      context.fillStyle = colour;
      context.beginPath();
      context.arc(...points[0], size / 2, 0, 2 * Math.PI);
      context.fill();
    } else {
      context.strokeStyle = colour;
      context.lineWidth = size;
      context.lineCap = context.lineJoin = "round";
      context.beginPath();
      context.moveTo(...points[0]);
      for (const point of points) context.lineTo(...point);
      context.stroke();
    }
    context.restore();
  }
}
