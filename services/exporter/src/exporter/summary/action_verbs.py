"""Which verbs are work and which are talk (English)."""

# What somebody can be asked to do and be done with.
WORK = frozenset(
    """
    add address adjust allocate analyse analyze announce answer apply approach approve archive
    arrange ask assemble assess assign attach audit back book bring budget build buy calculate call
    cancel change charge check choose circulate clarify clean clear close collect combine compare
    compile complete confirm consult contact convert coordinate copy correct create cut debug
    decide define delete deliver deploy describe design develop discuss distribute document
    double-check download draft draw edit email e-mail enable enter escalate estimate evaluate
    examine execute expand explore export extend figure file fill finalise finalize find finish fix
    follow format forward gather generate get grant handle help hire host identify implement
    import improve include inform inspect install integrate interview investigate invite invoice
    issue join label launch lead link list look mail manage mark measure merge migrate monitor move
    negotiate notify obtain open order organise organize outline pack paint patch pay phone pick
    plan plant polish post prepare present press print prioritise prioritize produce proofread
    propose prototype provide publish purchase push put raise re-run read rearrange rebook rebuild
    recalculate recheck record recruit redo reduce register reinstall release remind remove rename
    renew reorder repair repeat-order replace reply report reproduce request research reschedule
    reserve reset resolve respond restart restore retest return review revise rewrite ring roll run
    scan schedule secure select sell send separate set settle share ship shorten sign simplify
    sketch solve sort speak specify split staple start-up store submit summarise summarize supply
    survey switch take talk tell test text tidy track train transcribe transfer translate trim try
    turn type unpack update upgrade upload validate verify visit warn wash water weed wire write
    bake borrow chase cook cover deposit dig drill drive drop empty feed fetch fit fold frame grade
    hang hand hold knit load lock mend mow mount nail peel photograph plug postpone pull recycle
    redraft refill refund rehearse replant scrub sew shift store sweep swap tick tow unload unplug
    vacuum wrap
    """.split()
)

# What is said in passing and leaves nothing to do.
TALK = frozenset(
    """
    accept admit agree allow appreciate argue assume bear be bear believe bet bother care come
    congratulate consider cry deal deny die disagree doubt drink dream dwell eat enjoy exist expect
    afford cough face feel focus forget forgive guess happen hate have hear hope imagine insist interrupt
    jump keep kill know laugh learn leave let like listen live lose love matter mean mention mind
    miss need notice owe pass pause point pray pretend promise realise realize recognise recognize
    recommend relax remain remember repeat respect retire rest say see seem shut sit skip sleep
    smile sneeze sound spend stand start stay stick stop suggest suppose suspect thank think trust
    understand wait wake walk want watch win wish wonder worry
    """.split()
)

# Phrases of work around a verb of talk, by what follows the verb.
WORK_PHRASES = {
    "have": r"\b(?:ready|done|finished|sent|delivered|completed?|prepared|fixed|set up|look at)\b",
    "keep": r"\b(?:track|an eye|a list|posted|informed|updated)\b",
    "let": r"\b(?:know)\b",
    "come": r"\b(?:up with|back to)\b",
    "go": r"\b(?:through|over|ahead with|back to|to the)\b",
    "make": r"\b(?:sure|a|an|the|copies|it)\b",
    "start": r"\b(?:the|on|with|writing|working|a)\b",
    "stop": r"\b(?:the|by)\b",
    "leave": r"\b(?:a|the)\b",
    "deal": r"\bwith\b",
    "point": r"\bout\b",
    "learn": r"\b(?:how|the)\b",
    "meet": r"\b(?:with|the)\b",
    "give": r"\b(?:\w+ )?a (?:call|ring|shout)|\b(?:him|her|them|me|the|feedback|\w+ (?:the|a))\b",
    "do": r"\b(?:the|a|an|some|another|that|it|this)\b",
    "work": r"\b(?:on|out|with|through)\b",
    "use": r"\b(?:the|a)\b",
    "show": r"\b(?:him|her|them|the \w+ to)\b",
}

# Work by the verb alone, but talk when this follows.
TALK_PHRASES = {
    "ask": r"^(?:you|something|a question|this|that)\b",
    "tell": r"^(?:you|us|me)\b",
    "talk": r"^(?:about|to you about|more|now)\b",
    "speak": r"^(?:up|for myself|english)\b",
    "take": r"^(?:your time|a (?:seat|break|breath)|it easy|place|that one|this one)\b",
    "share": r"^(?:my|the|your) screen\b",
    "move": r"^(?:on|forward|to the next)\b",
    "go": r"^(?:ahead|on|home|back|to the next)\b",
    "read": r"^(?:it|that) again\b",
    "look": r"^(?:forward|at (?:it|this|that) (?:this|that) way|like)\b",
    "find": r"^(?:it|that) (?:hard|strange|odd|interesting|easy)\b",
    "get": r"^to (?:that|this|it)\b|^(?:it|that|this|started|going|there|back to (?:the|that|this) (?:point|topic))\W*$|"
    r"^(?:used to|old|tired|the idea|the impression|to know)\b",
    "put": r"^it (?:this|that) way\b",
    "turn": r"^(?:out|into)\b",
    "give": r"^(?:you )?an? (?:example|idea)\b|^up\b",
    "add": r"^(?:that|one|something|to that)\b",
    "help": r"^(?:it|but|that)\b",
    "try": r"^(?:again|that|this|it)\W*$",
    "open": r"^up\b",
    "hang": r"^(?:on|around|out)\b",
    "hold": r"^(?:on|your)\b",
    "drop": r"^(?:dead|by)\b",
    "answer": r"^(?:that|this|your)\b",
    "present": r"^(?:myself)\b",
    "run": r"^(?:out of|into)\b",
    "pick": r"^(?:up on)\b",
    "call": r"^(?:it|that|this|him a|them)\b",
}
