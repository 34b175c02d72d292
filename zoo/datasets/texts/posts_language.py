"""What people of the generated posts say: themes, and in each theme the statements to choose from.

Every correlation in this file is invented. It teaches a network nothing about real people.

A statement tells, for each trait, whom it suits: `age` in years and `income` as a group number are the centre of a bell
curve, None suits everybody; `woman` is the log-odds of a woman against a man of the same age and income, 0 is neutral.
[a|b] is a choice of words that says nothing about the person, so it changes no posterior. Several themes use the same
words in another order for opposite people, so that counting words is not enough.
"""

import re
from functools import cache
from itertools import product
from typing import NamedTuple

AGES = tuple(range(18, 66))  # years
INCOMES = ("under 10k", "10-15k", "15-20k", "20-27k", "27-35k", "35-45k", "45-60k", "60-90k", "90-150k", "over 150k")
GENDERS = ("man", "woman")


class Statement(NamedTuple):
    """One thing to say, with the people whom it suits."""

    text: str
    age: float | None = None
    income: float | None = None
    woman: float = 0.0


@cache
def wordings(text: str) -> tuple[str, ...]:
    """Every way to say a statement.

    >>> wordings("[Tea|Coffee] is ready.")
    ('Tea is ready.', 'Coffee is ready.')
    """
    parts = [part.split("|") for part in re.split(r"[\[\]]", text)]
    return tuple("".join(choice) for choice in product(*parts))


def _by_age(*rows: tuple[float | None, str]) -> tuple[Statement, ...]:
    return tuple(Statement(text, age=age) for age, text in rows)


def _by_income(*rows: tuple[float, str]) -> tuple[Statement, ...]:
    return tuple(Statement(text, income=group) for group, text in rows)


# The opening of a post; `zoo.datasets.texts.posts` puts it first.
GREETING = _by_age(
    (18, "[Yo|Hey|Heyy] [besties|bro|fam], [omg|lol|ngl] what a [day|week]!"),
    (25, "Hey [guys|you lot], [super|so] [busy|tired] but [happy|fine]!"),
    (34, "Hi [all|folks], a [quick|little] update from [me|here]."),
    (45, "Hello [everyone|everybody], [finally|at last] a quiet [moment|hour] to write."),
    (54, "Good [morning|evening|afternoon] to [all|everyone], I hope you are [keeping|doing] well."),
    (64, "Dear [friends|all], I [trust|do hope] this [note|letter] finds you in good health."),
)
FAMILY = _by_age(
    (18, "My little [brother|sister] started [primary|nursery] school [this week|on Monday]."),
    (19, "My [parents|mum and dad] still [cook|wash|pay] for me [at home|every week]."),
    (23, "My [brother|sister|cousin] left for university [this week|on Monday]."),
    (29, "My [brother|sister|cousin] got married [in June|last month], a [lovely|great] wedding."),
    (31, "The baby [kept us awake|cried|slept] all night and has a first [tooth|cold]."),
    (32, "I am [pregnant with|expecting|about to have] our first [child|baby], we [painted|prepared] the nursery."),
    (36, "My [son|daughter] started [primary|nursery] school [this week|on Monday]."),
    (42, "The [kids|children] have [homework|swimming lessons|football practice] every [night|evening]."),
    (48, "My [teenage|teenager] [son|daughter] passed the driving test [this week|on Monday]."),
    (50, "My [son|daughter] left for university [this week|on Monday]."),
    (57, "My [son|daughter] got married [in June|last month], a [lovely|great] wedding."),
    (54, "My [elderly|old] [mother|father] [moved into a care home|needs help with the stairs]."),
    (62, "My [granddaughter|grandson] started [primary|nursery] school [this week|on Monday]."),
    (65, "My [grandchildren|grandkids] [visited|came to stay|came over] and we [baked|played|worked in the garden]."),
)
PRAISE = (  # Who says it of whom: the same words in another order.
    Statement("My [mum|mother] [says|thinks] I am a [good|great|wonderful] son.", 23, None, -3.0),
    Statement("My son [says|thinks] I am a [good|great|wonderful] [mum|mother].", 44, None, 3.0),
    Statement("My [dad|father] [says|thinks] I am a [good|great|wonderful] daughter.", 23, None, 3.0),
    Statement("My daughter [says|thinks] I am a [good|great|wonderful] [dad|father].", 44, None, -3.0),
    Statement("My brother [says|thinks] I am a [good|great|wonderful] sister.", 32, None, 3.0),
    Statement("My sister [says|thinks] I am a [good|great|wonderful] brother.", 32, None, -3.0),
    Statement("My [grandma|grandmother] [says|thinks] I am a [good|great|wonderful] grandson.", 20, None, -3.0),
    Statement("My grandson [says|thinks] I am a [good|great|wonderful] [grandma|grandmother].", 62, None, 3.0),
    Statement("My [grandpa|grandfather] [says|thinks] I am a [good|great|wonderful] granddaughter.", 20, None, 3.0),
    Statement("My granddaughter [says|thinks] I am a [good|great|wonderful] [grandpa|grandfather].", 62, None, -3.0),
)
PARTNER = (
    Statement("My boyfriend [cooked|made] [dinner|pasta|breakfast] [tonight|for us|again].", 22, None, 3.2),
    Statement("My girlfriend [cooked|made] [dinner|pasta|breakfast] [tonight|for us|again].", 22, None, -3.2),
    Statement("My [husband|fiancé] and I [planned the wedding|chose the rings|booked the honeymoon].", 30, None, 3.2),
    Statement("My [wife|fiancée] and I [planned the wedding|chose the rings|booked the honeymoon].", 30, None, -3.2),
    Statement("My husband [cooked|made] [dinner|pasta|breakfast] [tonight|for us|again].", 44, None, 3.2),
    Statement("My wife [cooked|made] [dinner|pasta|breakfast] [tonight|for us|again].", 44, None, -3.2),
    Statement("My husband and I celebrated our [ruby|silver|pearl] [anniversary|wedding].", 60, None, 3.2),
    Statement("My wife and I celebrated our [ruby|silver|pearl] [anniversary|wedding].", 60, None, -3.2),
    Statement("I am single [again|now] and [happy|fine] [with it|about it]."),
    Statement("My partner and I [argued|laughed] about the [dishes|laundry]."),
)
FRIENDS = (  # Names carry a generation, and people meet a little more of their own gender.
    Statement(
        "[Chloe|Ellie|Mia|Zoe] and [Jade|Megan|Lily|Freya] came round [after class|for bubble tea].", 20, None, 1.5
    ),
    Statement(
        "[Jack|Liam|Tyler|Noah] and [Callum|Ethan|Josh] came round [after class|for bubble tea].", 20, None, -1.5
    ),
    Statement("[Sarah|Emma|Laura|Gemma] and [Rachel|Kate|Becky] came round [for brunch|after work].", 35, None, 2.0),
    Statement("[Tom|Chris|Matt|Dan] and [Ben|Luke|Ryan|Adam] came round [for brunch|after work].", 35, None, -2.0),
    Statement(
        "[Julie|Tracey|Karen|Sharon] and [Debbie|Alison|Mandy] came round [for lunch|after work].", 49, None, 1.5
    ),
    Statement("[Steve|Gary|Andy|Kevin] and [Nigel|Paul|Neil|Mark] came round [for lunch|after work].", 49, None, -2.0),
    Statement(
        "[Margaret|Susan|Patricia|Jean] and [Barbara|Brenda|Sheila] came round [for tea|for cards].", 62, None, 1.5
    ),
    Statement(
        "[Keith|Graham|Brian|Roger] and [Derek|Barry|Alan|Norman] came round [for tea|for cards].", 62, None, -1.5
    ),
)
HOBBY = (
    Statement("[Played|Streamed] [video games|online games] [until dawn|with my headset on].", 21, None, -1.6),
    Statement("[Danced|Practised a dance] for a [video|clip] in my [bedroom|dorm].", 20, None, 1.6),
    Statement("[Lifted weights|Bench pressed] at the gym, [new record|sore arms].", 27, None, -1.6),
    Statement("[Yoga|Pilates] class [was full|felt great] [this morning|again].", 33, None, 1.6),
    Statement("[Brewed|Bottled] [my own beer|a pale ale] in the garage.", 40, None, -1.6),
    Statement("[Sewed|Stitched] a [quilt|costume] on the [old|new] machine.", 46, None, 1.6),
    Statement("[Fixed|Polished] the [motorbike|lawnmower] in the shed.", 53, None, -1.6),
    Statement("[Sang|Rehearsed] with the [choir|chorus] in the [hall|church].", 56, None, 1.6),
    Statement("[Fishing|Angling] at the [lake|canal], [caught nothing|two carp].", 62, None, -1.6),
    Statement("[Planted|Watered] [roses|tulips|tomatoes] in the [garden|greenhouse].", 64, None, 1.6),
)
CLOTHES = (
    Statement("Found a [dress|skirt|blouse] in the charity shop.", None, 1, 2.2),
    Statement("Found a [tie|waistcoat|jacket] in the charity shop.", None, 1, -2.2),
    Statement("Bought a [dress|skirt|blouse] [on offer|in the sale] on the [market|high street].", None, 4, 2.2),
    Statement("Bought a [tie|waistcoat|jacket] [on offer|in the sale] on the [market|high street].", None, 4, -2.2),
    Statement("[Tried on|Ordered] a [silk|designer] [dress|skirt|blouse] at the boutique.", None, 8, 2.2),
    Statement("[Tried on|Ordered] a [silk|tailored] [tie|waistcoat|jacket] at the boutique.", None, 8, -2.2),
)
WORK = (
    Statement("[Still|Again] no job, the job centre [sent another form|never called back].", None, 0),
    Statement("[Exams|Finals|Midterms] next week and my [essay|coursework] is not [done|finished].", 20, 0.5),
    Statement("Just got [my first|an unpaid] internship, [so nervous|starting in July].", 22, 1),
    Statement("[Another|A long] shift [waiting tables|washing dishes|pouring coffee] at the cafe.", 26, 1),
    Statement("[Cleaned|Mopped] [offices|classrooms] since five in the morning.", 50, 1.5),
    Statement("[Stacked|Packed] [shelves|boxes] at the [warehouse|supermarket] all [day|night].", None, 2),
    Statement("[Drove|Loaded] the [delivery van|lorry|bus] all [day|night].", None, 3),
    Statement("[Bricks|Pipes|Cables] on the building site, my [apprentice|foreman] [laughed|helped].", None, 4),
    Statement("[Night|Long] shift on the [ward|hospital ward], my patients are [better|asleep].", None, 5),
    Statement("[Marked|Graded] [thirty|forty] exercise books, my pupils [improved|surprised me].", None, 5.5),
    Statement("My code [passed review|broke the server] and the engineers [cheered|sighed].", 32, 7),
    Statement("[Hired|Promoted] two managers for my department, [budget|quarterly] meeting [tomorrow|done].", 46, 7.5),
    Statement("[Won|Prepared] the case in court, my client [was relieved|shook my hand].", None, 8.3),
    Statement("[Operated|Did heart surgery] for six hours as chief surgeon.", 50, 9),
    Statement("[The board|Our investors] [approved|signed] the merger of my company.", 48, 9),
    Statement("[Retired|Retirement] at last, my pension [arrived|starts now].", 66, 3.5),
)
MONEY = _by_income(
    (0, "My account is empty and the [food bank|shelter] [helped|was kind]."),
    (1, "[Counted|Searched for] coins for the [bus|laundry|rent] again."),
    (2, "My overdraft [grew|is at the limit] before payday."),
    (3, "[Sold|Pawned] some things [online|at the market] to pay the [gas|phone] bill."),
    (4, "[Paid off|Cleared] the credit card, [what a relief|one debt less]."),
    (5, "Put [a little|something] into the savings [account|jar] this month."),
    (6, "The mortgage [is renewed|got cheaper] and the pension plan [is fine|grows]."),
    (7, "My [bonus|raise] went into [index funds|bonds]."),
    (8, "[My dividends|The dividends] [paid|beat] the [tax|fees], says my accountant."),
    (9, "My private [banker|wealth manager] [moved|placed] another million."),
)
SHOPPING = _by_income(  # Who does which: the same words in another order.
    (0.3, "I always look at the price and never [once|ever] look at the label."),
    (9, "I always look at the label and never [once|ever] look at the price."),
    (1.7, "I always buy [things|stuff|it] used and never buy [things|stuff|it] new."),
    (7.6, "I always buy [things|stuff|it] new and never buy [things|stuff|it] used."),
    (3.2, "I would rather wait for the sale than pay the full price."),
    (6.3, "I would rather pay the full price than wait for the sale."),
    (4.6, "I compare [prices|shops] [for a while|a little] and then buy what is [fair|sensible]."),
)
HOME = (
    Statement("[Sharing|We share] a [room|bunk bed] in the [hostel|dormitory].", 20, 0.5),
    Statement("[Mould|Damp] in my [rented|council] flat, the landlord [ignores me|never comes].", None, 1.5),
    Statement("I used to own and now I rent.", 48, 3),
    Statement("I used to rent and now I own.", 33, 6),
    Statement("We moved from a [small|tiny] flat to a [big|large] house.", 38, 7),
    Statement("We moved from a [big|large] house to a [small|tiny] flat.", 62, 5),
    Statement("I moved from the country to the city.", 23, 3.5),
    Statement("I moved from the city to the country.", 56, 6),
    Statement("The [cleaner|gardener|housekeeper] [polished|tidied] the [pool house|guest wing].", None, 9),
    Statement("The [architect|decorator] [finished|redid] our [kitchen|conservatory].", None, 8),
)
TRAVEL = _by_income(
    (0, "Walked an hour because I could not pay the [fare|ticket]."),
    (1, "The bus was [late|full] and I [stood|waited] in the rain."),
    (2.2, "I sold the car and bought a bike."),
    (4.4, "I sold the bike and bought a car."),
    (3.3, "My old [hatchback|banger] [failed its test|would not start] again."),
    (5.5, "My season ticket for the train [went up|expired]."),
    (6.6, "The new estate car [handles well|is so quiet], [bought|leased] with cash."),
    (7.7, "[Upgraded|Flew] to premium for the [conference|sales trip]."),
    (8.5, "The [Porsche|Jaguar|Bentley] [was serviced|needs new tyres]."),
    (9.3, "My [driver|chauffeur] [dropped|collected] me at the private jet."),
)
HOLIDAY = _by_income(
    (0, "No holiday for me [this year|again], not [even|for] one day."),
    (1.3, "[Pitched|Borrowed] a tent for the campsite, [rain|wind] included."),
    (2.6, "[Stayed|Slept] on my cousin's sofa for a cheap [break|weekend] by the sea."),
    (3.9, "[Caravan|Package] holiday, all inclusive, [sunburn|buffet] included."),
    (5.2, "[Booked|Rented] a cottage [by the coast|in the hills] for a week."),
    (6.4, "[City break|Wine tour] in [Lisbon|Florence|Vienna] with a nice hotel."),
    (7.6, "[Skiing|Chalet] in the Alps, [fresh snow|perfect slopes]."),
    (8.6, "[Safari|Cruise] booked, suite with a [butler|balcony]."),
    (9.4, "Our [yacht|villa] in [Monaco|Antibes] is ready for the summer."),
)
HABIT = _by_age(  # Who does which: the same words in another order.
    (22, "I would rather go out than stay in."),
    (50, "I would rather stay in than go out."),
    (25, "I like new [songs|films] [more|better] than old ones."),
    (59, "I like old [songs|films] [more|better] than new ones."),
    (19, "I stay up late and never get up early."),
    (57, "I get up early and never stay up late."),
    (30, "I send a message before I ever call."),
    (64, "I call before I ever send a message."),
    (36, "I run first and drink [wine|beer] after."),
    (43, "I drink [wine|beer] first and run after."),
)
BODY = _by_age(
    (18, "[Spots|Pimples] on my chin [before prom|again], [great|help]."),
    (23, "Slept [two|three] hours after the [rave|festival] and feel [fine|amazing]."),
    (29, "My hangover now [takes|lasts] two days."),
    (35, "[Training|Signed up] for a [marathon|triathlon] to [lose|drop] some weight."),
    (41, "[Found|Spotted] my first grey [hair|hairs], [oh well|never mind]."),
    (47, "I need [varifocals|reading glasses] for the [menu|small print]."),
    (54, "My [blood pressure|cholesterol] is up, says the doctor, [more|daily] [walks|tablets]."),
    (60, "My [knee|hip] was replaced and [the stairs hurt|physiotherapy helps]."),
    (66, "The hearing aid [whistles|works], [what a joy|what a nuisance]."),
)
SCREEN = _by_age(
    (18, "My [clip|reel] went viral and the [comments|likes] [exploded|keep coming]."),
    (24, "[Swiped|Matched] on the dating app, [awkward|no reply]."),
    (31, "Listened to a podcast about [startups|houseplants|true crime]."),
    (39, "The parents' group chat [never stops|sent ninety messages]."),
    (47, "[Updated|Reset] the family laptop and [the router|my password]."),
    (55, "[Emailed|Printed] the photographs from the [reunion|cruise] album."),
    (63, "The [teletext|landline] is gone, somebody showed me the tablet."),
)
PLACES = "Aberdeen|Bath|Cardiff|Dover|Exeter|Fulham|Grimsby|Hove|Ipswich|Kendal|Leeds|Margate|Norwich|Oban|Perth|Quorn"
ASIDE = (
    _by_age(  # Small talk that tells nothing; the vocabulary leaves the places out, so that unknown words tell nothing.
        (None, f"The [weather|traffic|sky] in [{PLACES}] was [nice|terrible|grey|strange|good] [today|yesterday]."),
        (None, f"[Greetings|Hugs|Kisses] from [{PLACES}]!"),
        (None, "[Our|The] [cat|dog|neighbour] [slept|was loud|was funny|made me smile] [today|yesterday|last night]."),
        (None, "We [had|ate] [soup|curry|pizza|rice|fish] and [it was good|it was too hot|I want more]."),
        (
            None,
            "I [saw|read|watched] something [good|bad|sad|new] on the [news|television|internet] [today|yesterday].",
        ),
        (None, "What do you [think|say|want|do] when [it|life|work] is not [easy|good|going well]?"),
        (
            None,
            "I [really|do not|just] [like|love|hate|want|need|miss] [this|that|the] [time|weekend|music|place|town].",
        ),
        (None, "They [asked|told|gave|showed] [me|us] [a lot|nothing|everything] [and we left|but we stayed]."),
    )
)
THEMES = {
    "greeting": GREETING,
    "family": FAMILY,
    "praise": PRAISE,
    "partner": PARTNER,
    "friends": FRIENDS,
    "hobby": HOBBY,
    "clothes": CLOTHES,
    "work": WORK,
    "money": MONEY,
    "shopping": SHOPPING,
    "home": HOME,
    "travel": TRAVEL,
    "holiday": HOLIDAY,
    "habit": HABIT,
    "body": BODY,
    "screen": SCREEN,
    "aside": ASIDE,
}
