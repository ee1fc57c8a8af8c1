"""What the shell keeps about people, for the page on personal data. Durations come from where they are kept to."""

from __future__ import annotations

from app.contracts import Kept
from app.i18n import text, text_n
from app.identity import throttle
from app.identity.commands_welcome import SLIPS_KEPT
from app.identity.entrance import PASSAGE_LIFE
from app.identity.inactivity import MONTHS_TO_ASK, MONTHS_TO_ERASE
from app.identity.sessions import LIFE
from app.identity.states import Device
from app.identity.visits import SHARED_IDLE

KEEPS = (
    Kept(
        text("Compte : nom affiché, adresse mail ou nom d’entrée, mot de passe (son empreinte seulement), langue"),
        text("Le nom : les membres. Le nom d’entrée : l’accueil du lieu. L’adresse et le mot de passe : personne"),
        text(
            "Jusqu’à ce que la personne efface son compte. Sans nouvelles d’elle, un mail après %(first)s mois ; "
            "le compte est effacé après %(last)s mois. Sans adresse mail, il reste",
            first=MONTHS_TO_ASK,
            last=MONTHS_TO_ERASE,
        ),
        job="identity.end_inactive",
    ),
    Kept(
        text("Une phrase sur soi et un téléphone, pour qui veut"),
        text(
            "La phrase : les membres, si la personne est dans la liste ou anime un atelier. "
            "Le téléphone : l’accueil du lieu, pour prévenir qui n’a pas reçu de mail"
        ),
        text("Jusqu’à ce qu’on les efface"),
    ),
    Kept(
        text("Dans chaque lieu : date d’arrivée, qui a rencontré la personne, rôles"),
        text("Les membres du lieu pour les rôles, la personne elle-même pour le reste"),
        text("Tant que le compte existe"),
    ),
    Kept(
        text("Appareils connectés : leur sorte, l’ouverture, le dernier passage"),
        text("La personne elle-même"),
        text(
            "%(days)s jours au plus sur un appareil à soi, %(hours)s h au plus sur un appareil partagé "
            "(%(minutes)s min sans rien faire)",
            days=LIFE[Device.MINE].days,
            hours=int(LIFE[Device.SHARED].total_seconds() // 3600),
            minutes=int(SHARED_IDLE.total_seconds() // 60),
        ),
        job="identity.forget_expired",
    ),
    Kept(
        text(
            "Deuxième code, pour qui fait la médiation ou tient les comptes : depuis quand, de quoi vérifier les codes "
            "du téléphone, et l’empreinte des codes de secours"
        ),
        text("La personne elle-même ; les codes, personne"),
        text("Jusqu’à un autre téléphone, et tant que le compte existe"),
    ),
    Kept(
        text("Papier remis par l’accueil : une marque pour qu’il ne serve qu’une fois, jamais le mot de passe"),
        text("Personne"),
        text_n("%(n)s jour", "%(n)s jours", SLIPS_KEPT.days),
        job="identity.forget_slips",
    ),
    Kept(
        text("Codes et liens pour entrer, avec ce qui a été écrit pour s’inscrire"),
        text("Personne"),
        text(
            "%(minutes)s min, puis effacés dans la demi-heure",
            minutes=int(PASSAGE_LIFE.total_seconds() // 60),
        ),
        job="identity.forget_expired",
    ),
    Kept(
        text("Essais de connexion, et adresse du réseau, en empreinte"),
        text("Personne"),
        text_n("%(n)s jour", "%(n)s jours", throttle.KEPT.days),
        job="identity.forget_tries",
    ),
    Kept(
        text("Le dernier jour de passage"),
        text("La personne elle-même"),
        text("Tant que le compte existe"),
    ),
    Kept(
        text("Après l’effacement d’un compte : un numéro sans nom, et le jour"),
        text("Personne"),
        text("Sans limite : une copie de secours ne fait ainsi revenir personne"),
    ),
    Kept(
        text("Journal : ce qui a été décidé, quand, par qui"),
        text("Les membres du lieu, sans les noms"),
        text("Sans limite. Une fois le compte effacé, le journal ne dit plus par qui"),
    ),
    Kept(
        text("Notes techniques du serveur : heure, page demandée, durée. Ni nom, ni mail, ni adresse"),
        text("La personne qui héberge le site"),
        text("Aussi longtemps qu’elle les garde"),
    ),
)
