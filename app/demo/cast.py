"""Who is in the demonstration, and where. Data only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoPlace:
    """A place of the demonstration."""

    slug: str
    name: str
    address: str
    about: str
    email: str
    phone: str
    rooms: tuple[tuple[str, int, bool], ...]
    """Name, seats, step-free."""
    hours: tuple[tuple[int, str, str], ...]
    """Weekday, opens, closes."""
    step_free: bool = True


TANNEURS = DemoPlace(
    slug="les-tanneurs",
    name="Le Réseau des Tanneurs",
    address="14 rue des Tanneurs, 93200 Saint-Denis",
    about=(
        "Métro 13, arrêt Basilique de Saint-Denis, puis cinq minutes à pied. Bus 153, arrêt Tanneurs.\n"
        "L’entrée est de plain-pied, sous l’auvent jaune. Poussez la porte : il y a du café, et quelqu’un pour "
        "vous montrer les lieux. Pas besoin de rendez-vous, ni de papier."
    ),
    email="bonjour@tanneurs.exemple",
    phone="01 23 45 67 89",
    rooms=(
        ("Grande table", 24, True),
        ("Salon", 15, True),
        ("Salle du fond", 14, True),
        ("Atelier du haut", 10, False),
    ),
    hours=(
        (0, "09:00", "18:30"),
        (1, "09:00", "18:30"),
        (2, "09:00", "18:30"),
        (3, "09:00", "20:30"),
        (4, "09:00", "18:30"),
        (5, "10:00", "17:00"),
    ),
)

CANAL = DemoPlace(
    slug="le-canal",
    name="Le Réseau du Canal",
    address="3 quai de la Marne, 93500 Pantin",
    about="RER E, gare de Pantin. La porte bleue, au fond de la cour. On y tient à dix-huit, et le thé est prêt.",
    email="bonjour@canal.exemple",
    phone="",
    rooms=(("La cale", 18, True),),
    hours=((1, "10:00", "17:00"), (3, "10:00", "17:00")),
)


CLOSURES = ((12, 24, 12, 26, "Noël"), (12, 31, 1, 1, "Nouvel an"))
"""Month and day of the first and the last closed day, and why."""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody of the demonstration. `key` is how the domains name them."""

    key: str
    name: str
    about: str
    listed: bool = True
    language: str = "fr"
    days: int = 0
    """How long ago they joined; 0 for long ago."""


NAMED = (
    DemoPerson("samira", "Samira", "J’aime les puzzles et les lettres bien tournées.", days=160),
    DemoPerson("karim", "Karim", "Je viens d’arriver, je découvre.", listed=False, days=1),
    DemoPerson("odile", "Odile", "La cuisine du midi, c’est souvent moi. Je goûte tout.", days=190),
    DemoPerson("rosa", "Rosa", "Je tiens les cahiers et je lis les papiers compliqués.", days=205),
    DemoPerson("bruno", "Bruno", "Médiateur. Je lis, j’écoute, je n’anime pas ici.", days=200),
    DemoPerson("helene", "Hélène", "Médiatrice. Le jeudi, je suis là tard.", days=198),
)
"""Those whose address is their first name; the others are `membre1`, `membre2`…"""

GERMAINE = DemoPerson("germaine", "Germaine", "", listed=False, days=30)
"""She has a telephone and no e-mail: Zineb opened her account, and calls her."""
GERMAINES_PHONE = "06 39 98 24 57"
GERMAINES_SLIP = "germaine-245"
"""What she signs in with."""
WELCOMES = "zineb"

EMPLOYERS = {"bruno": "Ville de Saint-Denis", "helene": "Maison de l’emploi"}
"""Who pays the mediators."""

OTHERS = (
    DemoPerson("yann", "Yann", "J’ai tenu une cuisine, maintenant je transmets."),
    DemoPerson("aicha", "Aïcha", "Je relis vite et je dis les choses gentiment."),
    DemoPerson("jean-luc", "Jean-Luc", "Un café, une question, et c’est parti."),
    DemoPerson("fatou", "Fatou", "Mafé, yassa, et les histoires qui vont avec."),
    DemoPerson("svetlana", "Svetlana", "J’aide à poser les bonnes questions.", listed=False),
    DemoPerson("tarek", "Tarek", "Parler devant dix personnes, ça s’apprend."),
    DemoPerson("chantal", "Chantal", "Trente ans de standard, je connais les voix."),
    DemoPerson("marc", "Marc", "Je bricole et je répare des ordinateurs."),
    DemoPerson("ines", "Inès", "J’écris des lettres, pour moi et pour les autres."),
    DemoPerson("moussa", "Moussa", "Permis poids lourd, patience légère.", listed=False),
    DemoPerson("bao", "Bao", "Crêpes, dessins, chinois pour débuter."),
    DemoPerson("leila", "Leïla", "Je parle arabe, français, un peu d’espagnol."),
    DemoPerson("gilles", "Gilles", "Marcheur du mardi.", listed=False),
    DemoPerson("nadia", "Nadia", "Je garde les clés le vendredi."),
    DemoPerson("thomas", "Thomas", "Tableur, budget, et jeux de société.", listed=False),
    DemoPerson("awa", "Awa", "Couture et retouches."),
    DemoPerson("patricia", "Patricia", "Ancienne aide-soignante, toujours à l’écoute.", listed=False),
    DemoPerson("igor", "Igor", "Je photographie les gens comme ils sont.", language="en"),
    DemoPerson("mehdi", "Mehdi", "Téléphones, applis, mots de passe oubliés."),
    DemoPerson("claire", "Claire", "Je prends des notes pour tout le monde."),
    DemoPerson("ousmane", "Ousmane", "Football le samedi, débats le mercredi.", listed=False),
    DemoPerson("brigitte", "Brigitte", "Je connais le quartier par cœur."),
    DemoPerson("duc", "Duc", "J’apprends le français depuis deux ans."),
    DemoPerson("soraya", "Soraya", "J’ai monté une petite entreprise, et je l’ai fermée."),
    DemoPerson("pascal", "Pascal", "Électricien, bientôt formateur."),
    DemoPerson("mariam", "Mariam", "Je chante, je compte, je cuisine."),
    DemoPerson("vincent", "Vincent", "Je cherche les mots justes.", listed=False),
    DemoPerson("zineb", "Zineb", "Accueil, sourire, et trois langues."),
    DemoPerson("eric", "Éric", "Le jardin partagé, c’est par ici."),
    DemoPerson("lucie", "Lucie", "Première fois que j’anime quelque chose."),
    DemoPerson("abdel", "Abdel", "Je fais le café et je reste pour ranger."),
    DemoPerson("monique", "Monique", "Trois métiers, et toujours curieuse."),
    DemoPerson("sekou", "Sékou", "Je prépare un CAP, et je révise ici.", listed=False),
    DemoPerson("julie", "Julie", "Reprendre après une longue pause, je connais.", listed=False),
    DemoPerson("paulo", "Paulo", "Maçon, guitariste.", listed=False),
    DemoPerson("farida", "Farida", "Les papiers en ligne, on les fait ensemble."),
    DemoPerson("kevin", "Kevin", "Vidéos, montage, réseaux.", listed=False),
    DemoPerson("anne", "Anne", "Malentendante : parlez en face de moi."),
    DemoPerson("hamid", "Hamid", "Taxi de nuit pendant dix ans.", listed=False),
    DemoPerson("rachel", "Rachel", "Je lis à voix haute.", listed=False),
    DemoPerson("sylvie", "Sylvie", "Coudre, compter, consoler."),
    DemoPerson("boris", "Boris", "Je répare les vélos dans la cour."),
    DemoPerson("camille", "Camille", "Je viens pour le calme.", listed=False, days=5),
    DemoPerson("ines2", "Inès M.", "L’anglais avec l’accent qu’on a.", language="en"),
)

NOT_MET = ("karim", "camille")
"""Newcomers: they do not see names yet."""

FIRST_NAMES = (
    "Adama", "Agnès", "Ahmed", "Alice", "Amina", "André", "Antoine", "Assia", "Baptiste", "Bintou", "Carla", "Céline",
    "Cheikh", "Corinne", "Daniel", "Djibril", "Dominique", "Élodie", "Emma", "Fabrice", "Fanta", "Florence", "Francis",
    "Georges", "Hawa", "Henri", "Ibrahim", "Irène", "Jamila", "Joël", "Karima", "Laurent", "Linda", "Louis", "Maëlle",
    "Malika", "Manuel", "Marie", "Mathieu", "Mireille", "Nabil", "Naïma", "Nicolas", "Nour", "Olivier", "Omar",
    "Pauline", "Pierre", "Rachid", "Romain", "Sabrina", "Salim", "Sandrine", "Simon", "Sophie", "Stéphane", "Tiago",
    "Valérie", "Yasmina", "Youssef",
)  # fmt: skip
"""For a crowd (`--members`)."""
