"""Words without a topic: function words and conversational phrases."""

_EN = """
a about actually after again all alright also although always am an and another any anybody anyone
anything anyway are aren't around as at away back basically be because been before being both but
by can can't cannot could couldn't course did didn't do does doesn't doing don't done down each
either else enough even ever every everybody everyone everything exactly few fine first for from
get gets getting go goes going gonna good got great guess had hadn't has hasn't have haven't
having he he'd he'll he's hello her here here's hers herself hey hi him himself his hmm how i i'd
i'll i'm i've if in indeed instead into is isn't it it'd it'll it's its itself just kind know last
least less let let's like likely little look lot lots made make makes many may maybe me mean mhm
might mine mm more most much must my myself need never new next nice no nobody none nor not
nothing now of off oh ok okay on once one ones only onto or other others our ours ourselves out
over own perhaps please point pretty probably put quite rather really right said same saw say says
see seem seems shall she she'd she'll she's should shouldn't since so some somebody someone
something sometimes somewhere sort still stuff such sure take than thank thanks that that'd
that'll that's the their theirs them themselves then there there's these they they'd they'll
they're they've thing things think this those though through to together too try trying two uh uhm
um under until up us use used very want wanted was wasn't way we we'd we'll we're we've well were
weren't what what's whatever when where whether which while who whole who's whose why will with
within without won't would wouldn't yeah yep yes yet you you'd you'll you're you've your yours
yourself
"""

_DE = """
aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei beim bin
bis bist da dabei dadurch dafür damit dann daran darauf daraus darin darum das dass dasselbe davon
dazu dein deine dem den denn der des dich die dies diese diesem diesen dieser dieses dir doch dort
du durch eben eigentlich ein eine einem einen einer eines einfach einmal er es etwas euch euer für
gab ganz gar geht genau gerade gibt gut habe haben hat hatte hatten hier hin hinter ich ihm ihn
ihnen ihr ihre ihrem ihren ihrer im immer in ins ist ja jede jedem jeden jeder jedes jetzt kann
kein keine keinem keinen keiner klar können könnte machen mal man mehr mein meine meinem meinen
meiner mich mir mit muss müssen nach naja nein nicht nichts noch nun nur ob oder ohne okay schon
sehr sein seine seinem seinen seiner sich sie sind so sollte sonst um und uns unser unsere unter
viel vielleicht vom von vor wann war waren warum was weg weil weiter welche wenn wer werde werden
wie wieder will wir wird wirklich wo wollen worden wurde wurden während zu zum zur zwar zwischen
über
"""

_FR = """
ai aie ainsi alors après as au aucun aussi autre autres aux avait avec avez avoir avons bah bien
bon c'est ça ce cela celle celui ces cet cette chez chose comme comment d'accord dans de déjà des
deux donc dont du elle elles en encore enfin entre es est et étaient était été être eu euh eux
fait faire fois font fut ici il ils j'ai je juste l'on la là le les leur leurs lui ma mais me même
mes moi moins mon ne ni nos notre nous oh ok on ont ou où ouais oui par parce pas peu peut peux
plus pour pourquoi qu'il quand que quel quelle quelque qui quoi sa sans se sera ses si soit son
sont suis sur ta te tes toi ton tous tout toute toutes très trop tu un une va vais vas voilà vos
votre vous vraiment y
"""

_ES = """
a ah ahora al algo algún alguna algunos allí antes aquí así aunque bien bueno cada casi como con
cosa cosas creo cual cuando de del desde donde dos el él ella ellas ellos en entonces entre era
eran eres es esa ese eso esos esta está estaba están este esto estos estoy fue fueron gracias ha
había hace hacer han hasta hay he la las le les lo los más me mi mis mismo mucho muy nada ni no
nos nosotros o ok os otra otro para pero poco por porque pues puede que qué quien se sea ser si sí
sido sin sobre somos son soy su sus también tan tanto te tener tengo ti tiene tienen todo todos tú
tu tus un una uno unos usted va vale vamos ver verdad vez y ya yo
"""

_BY_LANGUAGE = {
    code: frozenset(words.split())
    for code, words in (("en", _EN), ("de", _DE), ("fr", _FR), ("es", _ES))
}
_NONE: frozenset[str] = frozenset()


def function_words(language: str) -> frozenset[str]:
    """Return the words of a language (ISO 639-1), none for a language without a list."""
    return _BY_LANGUAGE.get(language[:2].lower(), _NONE)
