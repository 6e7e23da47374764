"""Verbs of work and of talk (English)."""


def words_of(text: str) -> frozenset[str]:
    """Return the distinct words of a text."""
    return frozenset(text.split())


# Tasks that a person can be given and can complete.
WORK = words_of(
    """
    accompany adapt add address adjust advertise align allocate amend analyse analyze announce
    answer append apply approach approve archive arrange ask assemble assess assign assist
    attach attend audit award back bake block book borrow brief bring budget build buy calculate
    calibrate call cancel capture catalogue chair change charge chase check choose chop
    circulate claim clarify classify clean clear close code collect combine commission compare
    compile complete compose compress condense configure confirm connect construct consult
    contact contribute convert cook coordinate copy correct cover create crop customise
    customize cut deactivate debug decide decorate define delegate delete deliver demo
    demonstrate deploy deposit describe design detach develop dial dig disable discuss dismantle
    dispatch display distribute divide document donate double double-check download draft draw
    drill drive drop duplicate e-mail edit elaborate eliminate email empty enable encrypt
    enlarge enrol enroll ensure enter erase escalate establish estimate evaluate examine
    exchange exclude execute expand experiment explore export extend extract fasten feed fetch
    figure file fill film filter finalise finalize find finish fit fix flag flip fold follow
    format formulate forward frame freeze fund furnish gather generate get glue grade grant
    greet group guide hand handle hang harvest heat help highlight hire hold host identify
    illustrate implement import improve include incorporate increase inform insert inspect
    install insure integrate interpret interview introduce investigate invite invoice iron
    isolate issue itemise join justify knit label laminate launch lay lead lease lengthen lift
    limit link list load locate lock log look lower mail maintain manage map mark market match
    measure mend mentor merge migrate mix model modify monitor mount move mow nail name
    negotiate nominate note notify number observe obtain offer oil onboard open operate optimise
    optimize order organise organize outline outsource oversee pack paint park paste patch pay
    peel phone photograph pick pitch place plan plant plug polish pool position post postpone
    pour practice practise prepare prescribe present preserve press print prioritise prioritize
    produce promote proofread propose prototype prove provide prune publish pull pump purchase
    push put query quote raise rank rate re-run reach read rearrange reassign rebook rebuild
    recalculate recap recheck reconcile reconnect record recover recruit recycle redesign redo
    redraft reduce refactor refer reference refill refine refresh refund regenerate register
    rehearse reinstall relabel release relocate remind remove rename renew rent reorder
    reorganise reorganize repaint repair rephrase replace replant reply report reprint reproduce
    request rescan reschedule research reserve reset resolve respond restart restock restore
    restructure retest retrain retrieve return reuse review revise revisit reword rewrite ring
    rinse roll rotate route run sample sand save scale scan schedule score screen script scrub
    seal search secure segment select sell send separate serve service set settle sew share
    sharpen shift ship shop shorten shred sign simplify simulate sketch slice solder solve sort
    source speak specify split spray spread stack staff standardise standardize staple stitch
    stock store straighten streamline strengthen strip structure study submit subscribe
    substitute summarise summarize supervise supply survey swap sweep switch sync synchronise
    synchronize tag take talk tape target teach telephone tell test text throw tick tidy tighten
    tow trace track trade train transcribe transfer translate transport trial trigger trim turn
    tutor tweak type unblock underline undo unify unload unlock unpack unplug unsubscribe update
    upgrade upload vacuum validate verify vet visit vote warn wash water weed weigh widen wipe
    wire withdraw word wrap write zip
    """
)

# Said in passing, without a task.
TALK = words_of(
    """
    accept admit afford agree allow always appreciate argue assume be bear begin believe bet bother
    care come congratulate consider cough cry deal deny die disagree doubt dream drink dwell eat
    enjoy exist expect face feel focus forget forgive guess happen hate have hear hope imagine
    insist interrupt jump keep kill know laugh learn leave let like listen live lose love matter
    mean mention mind miss need notice owe pass pause point pray pretend promise realise realize
    recognise recognize recommend relax remain remember repeat respect rest retire say see seem
    shut sit skip sleep smile sneeze sound spend stand start stay stick stop suggest suppose
    suspect thank think trust try understand wait wake walk want watch win wish wonder worry
    """
)

# Work in spite of a verb of talk, if the verb is followed by one of these.
WORK_PHRASES = {
    "have": r"\b(?:ready|done|finished|sent|delivered|completed?|prepared|fixed|set up|look at)\b",
    "keep": r"\b(?:track|an eye|a list|posted|informed|updated)\b",
    "let": r"\b(?:know)\b",
    "come": r"\b(?:up with|back to)\b",
    "go": r"\b(?:through|over|ahead with|back to|to the)\b",
    "make": r"\b(?:sure|a|an|the|copies|it)\b",
    "start": r"\b(?:on|writing|working|a|preparing|collecting)\b",
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
    "show": r"^(?:him|her|them|us|[A-Z]\w+|the \w+|\w+)\b.*\b(?:how|where|what|the|to)\b",
    "agree": r"^(?:on|with \w+ on)\b",
    "try": r"^(?:to|and|the other|another|out)\b",
}

# Talk in spite of a verb of work, if the verb is followed by one of these.
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
    "finish": r"^(?:my|your|the) (?:sentence|point|thought)|^(?:speaking|off)\b",
    "get": r"^to (?:that|this|it)\b|"
    r"^(?:it|that|this|started|going|there|back to (?:the|that|this) (?:point|topic))\W*$|"
    r"^(?:used to|old|tired|the idea|the impression|to know)\b",
    "put": r"^it (?:this|that) way\b",
    "turn": r"^(?:out|into)\b",
    "give": r"^(?:you )?an? (?:example|idea)\b|^up\b",
    "add": r"^(?:that|one|something|to that)\b",
    "help": r"^(?:it|but|that)\b",
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


_IRREGULAR = {
    "sent": "send", "done": "do", "made": "make", "written": "write", "bought": "buy",
    "brought": "bring", "built": "build", "found": "find", "paid": "pay", "told": "tell",
    "taken": "take", "given": "give", "said": "say", "rewritten": "rewrite", "sold": "sell",
    "redone": "redo", "seen": "see", "known": "know", "gone": "go", "kept": "keep",
    "does": "do", "goes": "go", "drawn": "draw", "chosen": "choose", "rebuilt": "rebuild",
}  # fmt: skip


def base_forms(word: str) -> list[str]:
    """Return the verb and its possible base forms: `send` for `sends`, `sent` or `sending`."""
    forms = [word]
    irregular = _IRREGULAR.get(word)
    if irregular:
        forms.append(irregular)
    if word.endswith("ies") or word.endswith("ied"):
        forms.append(word[:-3] + "y")
    for ending in ("es", "s", "ed", "d", "ing"):
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            stem = word[: -len(ending)]
            forms.append(stem)
            if ending in {"ed", "ing"}:
                forms.append(stem + "e")
                if len(stem) > 2 and stem[-1] == stem[-2]:
                    forms.append(stem[:-1])
    return forms
