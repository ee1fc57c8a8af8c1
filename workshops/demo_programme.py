"""What is on in the demonstration: three months of workshops. Data only; `workshops.demo` plays it.

Weeks are counted from the current one (0); week 2 is the quiet one, with a single coffee. Hours are local.
"""

from __future__ import annotations

from dataclasses import dataclass

from workshops.states import Format, Need

QUIET_WEEK = 2


@dataclass(frozen=True, slots=True)
class Planned:
    """One workshop, once or on several weeks."""

    title: str
    format: Format
    summary: str
    hosts: tuple[str, ...]
    weekday: int
    hour: str
    minutes: int
    room: str
    capacity: int
    weeks: tuple[int, ...]
    people: int
    """How many ask for a place (more than the capacity: a waiting list)."""
    bring: str = ""
    speaker: str = ""
    children: bool = False
    language: str = "fr"
    with_: tuple[str, ...] = ()
    """Who is surely among them."""


EVERY_WEEK = (-6, -5, -4, -3, -2, -1, 0, 1, 3, 4, 5, 6)

PROGRAMME: tuple[Planned, ...] = (
    Planned(
        "Bienvenue, on te fait visiter",
        Format.ACCUEIL,
        "Un café, le tour des lieux, et trois choses à faire ici sans CV. On écrit à deux ce qu’on aimerait savoir et "
        "ce qu’on sait déjà.",
        ("zineb", "abdel"),
        0,
        "10:00",
        90,
        "Grande table",
        16,
        EVERY_WEEK,
        7,
        with_=("karim",),
    ),
    Planned(
        "Café du mercredi",
        Format.LIBRE,
        "On ouvre, on boit un café, on prend des nouvelles. Rien à préparer, rien à prouver.",
        ("abdel",),
        2,
        "10:00",
        90,
        "Grande table",
        20,
        (-6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6),
        9,
        children=True,
    ),
    Planned(
        "On se relit nos CV",
        Format.CV_TROC,
        "Tu viens avec ton CV, même pas fini. Trois personnes le lisent, et tu lis le leur. On dit ce qui accroche, ce "
        "qui manque, et ce qu’on a envie de demander.",
        ("aicha", "yann"),
        4,
        "14:00",
        90,
        "Salle du fond",
        12,
        (-5, -3, -1, 0, 3, 5),
        15,
        bring="Ton CV imprimé en trois exemplaires. Sinon, on l’imprime à l’accueil, c’est gratuit.\n"
        "Un stylo. On en prête.",
    ),
    Planned(
        "Une situation, six regards",
        Format.CODEV,
        "Une personne expose ce qui la bloque. Les autres posent des questions, puis proposent. On repart avec un "
        "plan, et ce qui se dit reste dans la pièce.",
        ("svetlana",),
        2,
        "14:00",
        90,
        "Salle du fond",
        8,
        (-4, 0, 4),
        7,
        with_=("samira",),
    ),
    Planned(
        "Le CV anonyme, pour ou contre ?",
        Format.CAFE_DEBAT,
        "Personne n’est expert, tout le monde a un avis. On parle dans l’ordre où on lève la main, et on a le droit de "
        "se taire.",
        ("jean-luc",),
        1,
        "10:00",
        90,
        "Salon",
        15,
        (0,),
        11,
    ),
    Planned(
        "Travailler de nuit, et après ?",
        Format.CAFE_DEBAT,
        "Ceux qui en sortent racontent. Ce que ça fait au sommeil, aux enfants, au porte-monnaie.",
        ("hamid",),
        1,
        "10:00",
        90,
        "Salon",
        15,
        (-2,),
        12,
    ),
    Planned(
        "Faut-il accepter n’importe quel emploi ?",
        Format.CAFE_DEBAT,
        "Une question qui fâche un peu, posée calmement. Pour, contre, et ce qu’on en fait.",
        ("ousmane",),
        2,
        "17:00",
        90,
        "Salon",
        15,
        (1,),
        13,
    ),
    Planned(
        "Reprendre après 55 ans",
        Format.TABLE_RONDE,
        "Chantal et Monique racontent leur retour au travail, sans enjoliver. Puis on parle tous ensemble.",
        ("chantal", "monique"),
        3,
        "14:00",
        120,
        "Grande table",
        24,
        (0,),
        13,
        with_=("samira",),
    ),
    Planned(
        "Un garage du quartier répond à tes questions",
        Format.TABLE_RONDE,
        "La patronne du garage d’à côté vient dire qui elle cherche, et ce qu’elle regarde en premier. On prépare les "
        "questions ensemble.",
        ("moussa",),
        3,
        "18:00",
        90,
        "Grande table",
        24,
        (3,),
        10,
        speaker="Mme Diallo, garage de la Basilique",
    ),
    Planned(
        "Lettre de motivation : la jeter ou la garder ?",
        Format.PRATIQUES,
        "On en apporte une, on la lit à voix haute, on coupe. À la fin il reste cinq lignes qui te ressemblent.",
        ("ines",),
        0,
        "14:00",
        120,
        "Salon",
        12,
        (-6, -2, 0, 4),
        9,
        bring="Une lettre déjà écrite, même ratée.",
    ),
    Planned(
        "Parler de soi en deux minutes",
        Format.PRATIQUES,
        "Deux minutes chacun, trois fois. La première fois on bafouille, la troisième on sourit.",
        ("tarek",),
        2,
        "14:00",
        120,
        "Salon",
        10,
        (-3, 0, 3),
        13,
    ),
    Planned(
        "Mon téléphone sans stress",
        Format.FORMATION,
        "Envoyer une photo, prendre un rendez-vous, retrouver un mot de passe. On va à ton rythme.",
        ("mehdi",),
        3,
        "10:00",
        120,
        "Salon",
        8,
        (-5, -4, -1, 0, 1, 4),
        8,
        bring="Ton téléphone et son chargeur.",
        children=True,
    ),
    Planned(
        "Le tableur, pour les comptes de la maison",
        Format.FORMATION,
        "Des cases, des sommes, et un budget qui tient. Aucune connaissance demandée.",
        ("thomas",),
        4,
        "10:00",
        120,
        "Salon",
        10,
        (-4, -1, 1, 5),
        7,
    ),
    Planned(
        "Les papiers en ligne, on les fait ensemble",
        Format.PRATIQUES,
        "Tu viens avec le papier qui t’embête. On s’y met à deux, et tu gardes la main.",
        ("farida", "leila"),
        0,
        "16:30",
        120,
        "Salle du fond",
        10,
        EVERY_WEEK,
        6,
    ),
    Planned(
        "Conversation en français",
        Format.PRATIQUES,
        "On parle du marché, des enfants, du travail. Les fautes ne comptent pas.",
        ("claire", "duc"),
        1,
        "14:00",
        90,
        "Salon",
        12,
        EVERY_WEEK,
        8,
        children=True,
    ),
    Planned(
        "English, with the accent you have",
        Format.PRATIQUES,
        "On parle anglais une heure et demie, doucement, avec des cartes. Beginners welcome.",
        ("ines2",),
        3,
        "16:30",
        90,
        "Salon",
        10,
        (-4, -2, 0, 1, 4, 6),
        6,
        language="en",
    ),
    Planned(
        "L’entretien, côté recruteur",
        Format.LIBRE,
        "On échange les rôles : tu recrutes, quelqu’un d’autre transpire. On comprend tout de suite ce qui rassure.",
        ("julie",),
        1,
        "16:00",
        120,
        "Salle du fond",
        8,
        (-5, 1),
        10,
    ),
    Planned(
        "Le chamboule-tout de l’emploi",
        Format.CHAMBOULE_TOUT,
        "On écrit sur des boîtes de conserve ce qui bloque, et on les fait tomber ensemble. Ensuite on en parle.",
        ("lucie",),
        5,
        "14:00",
        90,
        "Grande table",
        24,
        (-3, 4),
        14,
        children=True,
    ),
    Planned(
        "Groupe de parole : le chômage et la famille",
        Format.PAROLE,
        "Un temps à part, avec une psychologue. Ce qui se dit là reste là. On peut venir et ne rien dire.",
        ("patricia",),
        4,
        "10:00",
        90,
        "Atelier du haut",
        8,
        (-4, 0, 5),
        6,
        speaker="Sophie Martel, psychologue",
    ),
    Planned(
        "La rencontre du mois",
        Format.RENCONTRE,
        "Ce qui a marché, ce qui coince, ce qu’on prépare. Tout le monde vient, tout le monde parle.",
        ("brigitte", "samira"),
        3,
        "17:30",
        120,
        "Grande table",
        24,
        (-4, 0, 4),
        17,
    ),
    Planned(
        "Recoudre, retoucher, réparer",
        Format.LIBRE,
        "Deux machines, beaucoup de fils. Apporte ce qui est déchiré, repars avec.",
        ("awa", "sylvie"),
        5,
        "10:30",
        150,
        "Salon",
        8,
        (-5, -2, 0, 1, 5),
        7,
    ),
    Planned(
        "Se faire photographier pour son CV",
        Format.LIBRE,
        "Igor photographie les gens comme ils sont. Dix minutes chacun, une photo que tu aimes.",
        ("igor",),
        4,
        "16:30",
        90,
        "Atelier du haut",
        6,
        (-2, 1),
        9,
        with_=("karim",),
    ),
    Planned(
        "Réviser un CAP à plusieurs",
        Format.PRATIQUES,
        "Chacun son CAP, tous la même table. On s’interroge, on s’explique, on fait des pauses.",
        ("sekou",),
        5,
        "14:00",
        120,
        "Salle du fond",
        10,
        (-3, -1, 0, 1, 3),
        5,
    ),
    Planned(
        "Monter son activité sans se ruiner",
        Format.TABLE_RONDE,
        "Soraya a ouvert, tenu, fermé. Elle raconte les chiffres, les vrais, et ce qu’elle referait.",
        ("soraya",),
        0,
        "17:00",
        90,
        "Grande table",
        20,
        (1,),
        8,
    ),
    Planned(
        "Animer une réunion sans s’énerver",
        Format.FORMATION,
        "Trois exercices, une montre et un bâton de parole. Pour celles et ceux qui animeront bientôt.",
        ("tarek", "svetlana"),
        1,
        "10:00",
        180,
        "Salle du fond",
        12,
        (-1, 3),
        9,
    ),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A proposal that is not decided, and how it came there."""

    title: str
    format: Format
    summary: str
    host: str
    in_days: int
    hour: str
    minutes: int
    room: str
    capacity: int
    proposed_hours_ago: int
    what: str
    """`proposed`, `clash`, `needs`, `sent_back`, `contested`, `draft`, `help`."""
    reason: str = ""
    way_out: str = ""
    word: str = ""
    needs: tuple[Need, ...] = ()


WAITING: tuple[Waiting, ...] = (
    Waiting(
        "Préparer un entretien par téléphone",
        Format.PRATIQUES,
        "On s’appelle d’une pièce à l’autre. Le ton, les silences, la première phrase.",
        "chantal",
        17,
        "14:00",
        90,
        "Atelier du haut",
        8,
        120,
        "proposed",
    ),
    Waiting(
        "Débat : le télétravail, chance ou piège ?",
        Format.CAFE_DEBAT,
        "Chez soi ou pas chez soi. On écoute ceux qui l’ont vécu.",
        "vincent",
        19,
        "10:30",
        90,
        "Salon",
        15,
        50,
        "proposed",
    ),
    Waiting(
        "Écrire à un employeur qui ne répond pas",
        Format.PRATIQUES,
        "Une relance polie, courte, qui donne envie. On en écrit trois.",
        "samira",
        12,
        "16:00",
        90,
        "Atelier du haut",
        10,
        20,
        "proposed",
    ),
    Waiting(
        "Répéter son concours d’aide-soignante",
        Format.PRATIQUES,
        "L’oral, pour de vrai, devant deux personnes bienveillantes.",
        "patricia",
        24,
        "10:00",
        120,
        "Salle du fond",
        8,
        30,
        "clash",
    ),
    Waiting(
        "Marche au canal, jusqu’à Pantin",
        Format.LIBRE,
        "Deux heures à pied, on parle en marchant. Chaussures plates.",
        "gilles",
        16,
        "10:00",
        180,
        "",
        15,
        72,
        "needs",
        needs=(Need.OUTING,),
    ),
    Waiting(
        "Ma première fois devant un groupe",
        Format.LIBRE,
        "J’aimerais raconter mon métier de monteur. Je ne sais pas comment m’y prendre.",
        "kevin",
        20,
        "15:00",
        90,
        "Salon",
        12,
        10,
        "help",
    ),
    Waiting(
        "Négocier son salaire",
        Format.PRATIQUES,
        "On s’entraîne à deux, avec des chiffres réels. On apprend à ne pas remplir le silence.",
        "samira",
        18,
        "10:00",
        90,
        "Salle du fond",
        12,
        90,
        "sent_back",
        reason="Deux formations ont lieu ce matin-là, et beaucoup de monde voudrait venir aux deux.",
        way_out="Le mercredi ou le vendredi après-midi, la salle est libre.",
    ),
    Waiting(
        "Dire non à une offre",
        Format.CAFE_DEBAT,
        "A-t-on le droit ? Qu’est-ce qu’on risque vraiment ?",
        "ousmane",
        15,
        "14:00",
        90,
        "Atelier du haut",
        10,
        100,
        "contested",
        reason="Le titre peut faire croire qu’on donne un conseil juridique.",
        way_out="Un titre en forme de question, ou une juriste invitée.",
        word="Le débat ne donne pas de conseil, il fait parler. Le titre est le nôtre.",
    ),
    Waiting(
        "Un jeu pour parler d’argent",
        Format.LIBRE,
        "Une idée pour janvier, encore en vrac.",
        "samira",
        40,
        "14:00",
        90,
        "Salon",
        12,
        5,
        "draft",
    ),
)

CANCELLED = Planned(
    "Initiation au montage vidéo",
    Format.FORMATION,
    "Couper, coller, mettre une musique. On part d’un film de vacances.",
    ("kevin",),
    4,
    "14:00",
    120,
    "Atelier du haut",
    8,
    (1,),
    6,
)
CANCEL_REASON = "Kevin a trouvé un contrat de quatre semaines. Bravo à lui ! On en refera un."

LAST_WORDS = (
    "Je suis reparti avec une phrase de moins et un rendez-vous de plus.",
    "On m’a écoutée jusqu’au bout.",
    "J’ai ri, ça faisait longtemps.",
    "Trois corrections, toutes justes.",
    "J’ai compris que je n’étais pas le seul.",
)
