"""Who may what, door by door: the table role × route, read by people and tried for real (test_doors.py).

Each line is a method, an address, whose thing it is tried on (a kind of person of `tests.attack.town`, « - » where
there is none), and what each kind of person is answered:

    in    asked to sign in               ok    the page, or done (200, 303)
    403   not with this account          404   as if it were not there
    409   not now, by a rule             422   something is missing in the form
    410   over                           500   /erreur alone, where an accident leads

`own` is the person whose thing it is. A form is sent as its page shows it, filled in with anything. A route that comes
later needs a line here, and what it answers has to be what docs/permissions.md says.
`python -m tests.attack doors` prints what is answered now, to be judged and then pasted.
"""

# ruff: noqa: E501 - a table is read across
from __future__ import annotations

from dataclasses import dataclass

COLUMNS = ("visitor", "stranger", "elsewhere", "newcomer", "kitchen", "welcome", "bureau", "mediator", "own")
ANSWERS = ("in", "ok", "403", "404", "409", "410", "422", "500")


@dataclass(frozen=True, slots=True)
class Door:
    """One line of the table."""

    method: str
    path: str
    whose: str
    answers: dict[str, str]

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"


def read(table: str) -> list[Door]:
    """The lines of a table. Raises `ValueError` for one that cannot be read."""
    doors = []
    for line in table.strip().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        method, path, whose, *answers = line.split()
        if len(answers) != len(COLUMNS) or not set(answers) <= set(ANSWERS):
            raise ValueError(line)
        doors.append(Door(method, path, whose.replace("_", " "), dict(zip(COLUMNS, answers, strict=True))))
    return doors


def write(doors: list[Door]) -> str:
    """The table again, in columns whose heads are the first letters of the kinds, said in its first line."""
    head = [["#", "", "of", *(each[:3] for each in COLUMNS)]]
    rows = [
        [door.method, door.path, door.whose.replace(" ", "_"), *(door.answers[each] for each in COLUMNS)]
        for door in doors
    ]
    widths = [max(len(row[place]) for row in head + rows) for place in range(len(head[0]))]
    lines = [
        " ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in head + rows
    ]
    return "\n".join([f"# {', '.join(COLUMNS)}", *lines])


TABLE = """
# visitor, stranger, elsewhere, newcomer, kitchen, welcome, bureau, mediator, own
#                                                                 of                      vis str els new kit wel bur med own
GET  /                                                            -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /a-prevenir                                                  -                       in  403 403 403 403 ok  403 403 403
GET  /a-prevenir/feuille                                          -                       in  403 403 403 403 ok  403 403 403
GET  /accessibilite                                               -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /accueil                                                     -                       in  403 403 403 403 ok  403 403 403
GET  /accueil/{member_id:int}                                     welcome                 in  403 403 403 403 ok  403 403 ok
GET  /agenda                                                      -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /agenda/mois                                                 -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /aide                                                        -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /api/agenda                                                  -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /ateliers                                                    -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /ateliers/nouveau                                            -                       in  403 ok  ok  ok  ok  ok  403 ok
GET  /ateliers/{workshop_id:int}                                  member                  404 404 404 404 404 404 404 ok  ok
GET  /ateliers/{workshop_id:int}                                  visitor                 ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /ateliers/{workshop_id:int}/affiche                          elsewhere               ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /ateliers/{workshop_id:int}/annulation                       keeper_elsewhere        in  409 409 409 409 409 409 409 ok
GET  /ateliers/{workshop_id:int}/depart                           keeper_elsewhere        in  409 409 409 409 409 409 409 ok
GET  /ateliers/{workshop_id:int}/desistement                      keeper_elsewhere        in  ok  ok  ok  ok  ok  ok  ok  ok
GET  /ateliers/{workshop_id:int}/liste                            keeper_elsewhere        in  404 404 404 404 404 404 404 ok
GET  /ateliers/{workshop_id:int}/modifier                         keeper_elsewhere        in  409 409 409 409 409 409 409 ok
GET  /ateliers/{workshop_id:int}/modifier                         member                  in  404 404 404 404 404 404 409 ok
GET  /ateliers/{workshop_id:int}/retrait                          member                  in  404 404 404 404 404 404 409 ok
GET  /bureau                                                      -                       in  403 403 403 403 403 ok  403 403
GET  /calendriers/evenements/{filter_name:str}/{thing_id:int}     elsewhere               ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /calendriers/lieux/{name:str}                                visitor                 ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /calendriers/perso/{name:str}                                visitor                 ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /calendriers/{name:str}                                      bureau                  ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /charte                                                      -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /comptes                                                     -                       in  404 403 403 403 403 ok  403 403
GET  /comptes/achats                                              -                       in  404 ok  ok  ok  ok  ok  ok  ok
GET  /comptes/achats/nouveau                                      -                       in  404 403 403 ok  403 ok  403 403
GET  /comptes/achats/{purchase_id:int}                            host_of_a_blocked_one   in  404 404 404 404 404 ok  404 ok
GET  /comptes/achats/{purchase_id:int}/recu/{rank:int}            host_of_a_blocked_one   in  404 404 404 404 404 ok  404 ok
GET  /comptes/budget                                              -                       in  404 403 403 403 403 ok  403 403
GET  /comptes/demandes                                            -                       in  404 ok  ok  ok  ok  ok  ok  ok
GET  /comptes/export                                              -                       in  404 403 403 403 403 ok  403 403
GET  /comptes/export.csv                                          -                       in  404 403 403 403 403 ok  403 403
GET  /comptes/lignes/{line_id:int}                                bureau                  in  404 403 403 403 403 ok  403 ok
GET  /confidentialite                                             -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /connexion                                                   -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /connexion/deuxieme-code                                     -                       in  ok  ok  ok  ok  ok  ok  ok  ok
GET  /connexion/deuxieme-code/secours                             -                       in  ok  ok  ok  ok  ok  ok  ok  ok
GET  /connexion/lien/{token:str}                                  visitor                 ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /courrier/{token:str}/stop                                   visitor                 ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /demo/courrier                                               -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /demo/courrier/{name:str}                                    visitor                 ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /entree/{code:str}                                           member                  in  404 404 404 404 ok  404 404 ok
GET  /erreur/{reference:str}                                      -                       500 500 500 500 500 500 500 500 500
GET  /healthz                                                     -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /inscription                                                 -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /inscription/code                                            -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /journal                                                     -                       in  403 ok  ok  ok  ok  ok  ok  ok
GET  /langue                                                      -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /lieux                                                       -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /lieux/{slug:str}                                            bureau                  ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /lieux/{slug:str}/reglages                                   keeper_elsewhere        in  403 403 403 403 403 403 403 ok
GET  /lieux/{slug:str}/reglages                                   bureau                  in  403 403 403 403 403 ok  403 ok
GET  /mediation                                                   -                       in  403 403 403 403 403 403 ok  403
GET  /mediation/ateliers/{workshop_id:int}                        second_mediator         in  404 404 404 404 404 404 ok  ok
GET  /membres                                                     -                       in  ok  ok  ok  ok  ok  ok  ok  ok
GET  /membres/{member_id:int}                                     bureau                  in  404 404 404 ok  ok  ok  ok  ok
GET  /mentions-legales                                            -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /mes-rendez-vous                                             -                       in  ok  ok  ok  ok  ok  ok  ok  ok
GET  /messages                                                    -                       in  ok  ok  ok  ok  ok  ok  ok  ok
GET  /moi                                                         -                       in  ok  ok  ok  ok  ok  ok  ok  ok
GET  /moi/adresse                                                 -                       in  ok  ok  ok  ok  ok  ok  ok  ok
GET  /moi/appareils                                               -                       in  ok  ok  ok  ok  ok  ok  ok  ok
GET  /moi/calendrier                                              -                       in  ok  ok  ok  ok  ok  ok  ok  ok
GET  /moi/calendrier/{feed_id:int}/adresse                        member                  in  404 404 404 404 404 404 404 ok
GET  /moi/calendrier/{feed_id:int}/coupure                        member                  in  404 404 404 404 404 404 404 ok
GET  /moi/courrier                                                -                       in  ok  ok  ok  ok  ok  ok  ok  ok
GET  /moi/deuxieme-code                                           -                       in  404 404 404 404 404 404 404 404
GET  /moi/deuxieme-code/telephone                                 -                       in  404 404 404 404 404 404 404 404
GET  /moi/donnees                                                 -                       in  ok  ok  ok  ok  ok  ok  ok  ok
GET  /moi/donnees/copie                                           -                       in  ok  ok  ok  ok  ok  ok  ok  ok
GET  /moi/donnees/effacement                                      -                       in  ok  ok  ok  ok  ok  ok  ok  ok
GET  /offres/{token:str}                                          visitor                 ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /recherche                                                   -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /repas                                                       -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /repas/comptes                                               -                       in  403 ok  ok  ok  ok  ok  ok  ok
GET  /repas/nouveau                                               -                       in  404 ok  403 ok  403 403 403 403
GET  /repas/plats                                                 -                       in  404 ok  ok  ok  ok  ok  ok  ok
GET  /repas/plats/nouveau                                         -                       in  404 ok  403 ok  403 403 403 403
GET  /repas/plats/{dish_id:int}                                   member                  in  404 404 ok  ok  ok  ok  ok  ok
GET  /repas/plats/{dish_id:int}/changer                           kitchen                 in  404 404 403 ok  403 403 403 ok
GET  /repas/plats/{dish_id:int}/fin                               kitchen                 in  404 404 403 ok  403 403 403 ok
GET  /repas/prix                                                  -                       in  404 403 403 403 403 ok  403 403
GET  /repas/{meal_id:int}                                         member                  ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /repas/{meal_id:int}/accueil                                 member                  in  404 404 403 403 ok  403 403 ok
GET  /repas/{meal_id:int}/accueil/feuille                         kitchen                 in  404 404 403 ok  403 403 403 ok
GET  /repas/{meal_id:int}/annulation                              bureau                  in  404 404 403 ok  403 ok  403 ok
GET  /repas/{meal_id:int}/billet                                  member                  in  ok  ok  ok  ok  ok  ok  ok  ok
GET  /repas/{meal_id:int}/caisse                                  member                  in  404 404 403 ok  ok  ok  403 ok
GET  /repas/{meal_id:int}/changer                                 kitchen                 in  404 404 403 ok  403 403 403 ok
GET  /repas/{meal_id:int}/cuisine                                 bureau                  in  404 404 403 ok  403 ok  403 ok
GET  /repas/{meal_id:int}/cuisine/feuille                         bureau                  in  404 404 403 ok  403 ok  403 ok
GET  /repas/{meal_id:int}/quand-meme                              kitchen                 in  404 404 403 ok  403 403 403 ok
GET  /reservations/{booking_id:int}                               invited_to_host         in  404 404 404 404 404 404 404 ok
GET  /reservations/{booking_id:int}/annulation                    offered_a_role          in  404 404 404 404 404 404 404 ok
GET  /reservations/{booking_id:int}/choix                         invited_to_host         in  404 404 404 404 404 404 404 ok
GET  /reservations/{booking_id:int}/code                          newcomer                in  404 404 ok  404 404 404 404 ok
GET  /robots.txt                                                  -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /schema                                                      -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /static/{path:path}                                          bureau                  ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /tours                                                       -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /tours/caisse                                                -                       in  404 404 404 404 404 404 404 404
GET  /tours/jour                                                  -                       in  404 ok  404 ok  ok  ok  ok  ok
GET  /tours/roles                                                 -                       in  404 ok  ok  ok  ok  ok  ok  ok
GET  /tours/roles/nouveau                                         -                       in  404 403 403 403 403 ok  403 403
GET  /tours/roles/{duty_id:int}                                   elsewhere               in  ok  ok  ok  ok  ok  ok  ok  ok
GET  /tours/roles/{duty_id:int}/caisse                            bureau                  in  404 404 403 403 403 ok  403 ok
GET  /tours/roles/{duty_id:int}/changer                           bureau                  in  404 404 403 403 403 ok  403 ok
GET  /tours/roles/{duty_id:int}/fin                               bureau                  in  404 404 403 403 403 ok  403 ok
GET  /tours/roles/{duty_id:int}/semaine                           bureau                  in  404 404 403 403 403 ok  403 ok
GET  /tours/roles/{duty_id:int}/une-fois                          bureau                  in  404 404 403 403 403 ok  403 ok
GET  /tours/semaines/{pattern_id:int}                             bureau                  in  404 404 403 403 403 ok  403 ok
GET  /tours/semaines/{pattern_id:int}/fin                         bureau                  in  404 404 403 403 403 ok  403 ok
GET  /tours/{slot_id:int}                                         welcome                 ok  ok  ok  ok  ok  ok  ok  ok  ok
GET  /tours/{slot_id:int}/annulation                              bureau                  in  404 404 403 403 403 ok  403 ok
GET  /tours/{slot_id:int}/caisse                                  at_the_till             in  404 404 404 404 404 404 404 ok
GET  /tours/{slot_id:int}/changer                                 bureau                  in  404 404 403 403 403 ok  403 ok
GET  /tours/{slot_id:int}/empechement                             kitchen                 in  ok  ok  ok  ok  ok  ok  ok  ok
POST /a-prevenir/{message_id:int}/dit                             welcome                 in  403 403 403 403 ok  403 403 ok
POST /a-prevenir/{message_id:int}/pas-dit                         welcome                 in  403 403 403 403 ok  403 403 ok
POST /accueil                                                     -                       in  403 403 403 403 ok  403 403 403
POST /accueil/{member_id:int}/mot-de-passe                        welcome                 in  403 403 403 403 ok  403 403 ok
POST /ateliers                                                    -                       in  403 422 ok  ok  ok  ok  403 ok
POST /ateliers/{workshop_id:int}/annulation                       member                  in  409 409 409 409 409 409 409 ok
POST /ateliers/{workshop_id:int}/annulation                       mediator                in  409 409 409 409 409 409 ok  ok
POST /ateliers/{workshop_id:int}/annulation                       bureau                  in  409 409 409 409 409 ok  409 ok
POST /ateliers/{workshop_id:int}/contestation                     member                  in  404 404 404 404 404 404 409 ok
POST /ateliers/{workshop_id:int}/depart                           member                  in  409 409 409 409 409 409 409 ok
POST /ateliers/{workshop_id:int}/desistement                      member                  in  ok  ok  ok  ok  ok  ok  ok  ok
POST /ateliers/{workshop_id:int}/inscription                      member                  in  ok  ok  ok  ok  ok  ok  ok  ok
POST /ateliers/{workshop_id:int}/invitation                       invited_to_host         in  ok  ok  ok  ok  ok  ok  ok  ok
POST /ateliers/{workshop_id:int}/invitations                      member                  in  409 409 409 409 409 409 409 ok
POST /ateliers/{workshop_id:int}/invites                          member                  in  409 409 ok  ok  ok  ok  ok  ok
POST /ateliers/{workshop_id:int}/invites/{sign_up_id:int}/retrait welcome                 in  404 404 404 404 ok  404 404 ok
POST /ateliers/{workshop_id:int}/modifier                         member                  in  404 404 404 404 404 404 409 ok
POST /ateliers/{workshop_id:int}/mot                              member                  in  409 409 409 409 ok  409 409 ok
POST /ateliers/{workshop_id:int}/oui                              bureau                  in  404 404 404 404 404 ok  409 ok
POST /ateliers/{workshop_id:int}/presences                        member                  in  409 409 409 409 409 409 409 ok
POST /ateliers/{workshop_id:int}/proposition                      member                  in  404 404 404 404 404 404 409 ok
POST /ateliers/{workshop_id:int}/reouverture                      host_of_a_cancelled_one in  409 409 409 409 409 409 409 ok
POST /ateliers/{workshop_id:int}/reponse                          member                  in  409 409 409 409 409 409 409 ok
POST /ateliers/{workshop_id:int}/reprise                          member                  in  409 409 ok  ok  ok  ok  409 ok
POST /ateliers/{workshop_id:int}/retrait                          member                  in  404 404 404 404 404 404 409 ok
POST /ateliers/{workshop_id:int}/tours                            member                  in  409 409 409 409 409 409 409 ok
POST /ateliers/{workshop_id:int}/tours/{slot_id:int}/retrait      member                  in  409 409 409 409 409 409 409 404
POST /ateliers/{workshop_id:int}/vote                             drawn                   in  404 404 404 404 404 404 409 ok
POST /comptes/achats                                              -                       in  404 404 403 ok  403 ok  403 403
POST /comptes/achats/{purchase_id:int}/rayure                     bureau                  in  404 404 404 404 404 ok  404 ok
POST /comptes/achats/{purchase_id:int}/recus                      member                  in  404 404 404 404 404 422 404 422
POST /comptes/banque                                              -                       in  404 403 403 403 403 ok  403 403
POST /comptes/budget                                              -                       in  404 403 403 403 403 ok  403 403
POST /comptes/demandes                                            -                       in  404 ok  ok  ok  ok  ok  409 ok
POST /comptes/demandes/{request_id:int}                           bureau                  in  404 404 403 403 403 ok  403 ok
POST /comptes/demandes/{request_id:int}/retrait                   member                  in  404 404 404 404 404 404 404 ok
POST /comptes/lignes/{line_id:int}                                bureau                  in  404 403 403 403 403 ok  403 ok
POST /comptes/remboursements/{purchase_id:int}                    bureau                  in  404 404 404 404 404 ok  404 ok
POST /comptes/remboursements/{purchase_id:int}/annulation         bureau                  in  404 404 404 404 404 ok  404 ok
POST /connexion                                                   -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
POST /connexion/deuxieme-code                                     -                       in  ok  ok  ok  ok  ok  ok  ok  ok
POST /connexion/deuxieme-code/secours                             -                       in  ok  ok  ok  ok  ok  ok  ok  ok
POST /connexion/lien/{token:str}                                  visitor                 ok  ok  ok  ok  ok  ok  ok  ok  ok
POST /courrier/{token:str}/stop                                   visitor                 ok  ok  ok  ok  ok  ok  ok  ok  ok
POST /deconnexion                                                 -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
POST /inscription                                                 -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
POST /inscription/code                                            -                       409 409 409 409 409 409 409 409 409
POST /langue                                                      -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
POST /lieu                                                        -                       ok  ok  ok  ok  ok  ok  ok  ok  ok
POST /lieux/{slug:str}/fermetures                                 keeper_elsewhere        in  403 403 403 403 403 403 403 ok
POST /lieux/{slug:str}/fermetures/{closure_id:int}/retrait        bureau                  in  403 403 403 403 403 ok  403 ok
POST /lieux/{slug:str}/horaires                                   keeper_elsewhere        in  403 403 403 403 403 403 403 422
POST /lieux/{slug:str}/reglages                                   keeper_elsewhere        in  403 403 403 403 403 403 403 ok
POST /lieux/{slug:str}/reglages                                   bureau                  in  403 403 403 403 403 ok  403 ok
POST /lieux/{slug:str}/rejoindre                                  member                  in  ok  ok  ok  ok  ok  ok  ok  ok
POST /lieux/{slug:str}/roles                                      keeper_elsewhere        in  403 403 403 403 403 403 403 422
POST /lieux/{slug:str}/roles/{act:str}/fin                        bureau                  in  403 403 403 403 403 ok  403 ok
POST /lieux/{slug:str}/salles                                     keeper_elsewhere        in  403 403 403 403 403 403 403 ok
POST /lieux/{slug:str}/salles                                     bureau                  in  403 403 403 403 403 ok  403 ok
POST /lieux/{slug:str}/salles/{room_id:int}                       keeper_elsewhere        in  403 403 403 403 403 403 403 ok
POST /lieux/{slug:str}/salles/{room_id:int}/retrait               keeper_elsewhere        in  403 403 403 403 403 403 403 409
POST /mediation/ateliers/{workshop_id:int}                        second_mediator         in  404 404 404 404 404 404 409 ok
POST /mediation/ateliers/{workshop_id:int}/relecture              second_mediator         in  404 404 404 404 404 404 ok  ok
POST /membres/{member_id:int}/rencontre                           member                  in  404 404 409 ok  ok  ok  ok  ok
POST /messages/lus                                                -                       in  ok  ok  ok  ok  ok  ok  ok  ok
POST /messages/{message_id:int}/lu                                without_e-mail          in  404 404 404 404 404 404 404 ok
POST /moi                                                         -                       in  ok  ok  ok  ok  ok  ok  ok  ok
POST /moi/adresse                                                 -                       in  409 409 ok  ok  ok  ok  ok  ok
POST /moi/adresse/code                                            -                       in  409 409 409 409 409 409 409 409
POST /moi/age                                                     -                       in  ok  ok  ok  ok  ok  ok  ok  ok
POST /moi/appareils/ailleurs                                      -                       in  ok  ok  ok  ok  ok  ok  ok  ok
POST /moi/appareils/{session_id:int}/retrait                      member                  in  404 404 404 404 404 404 404 ok
POST /moi/appareils/{session_id:int}/retrait                      kitchen                 in  404 404 404 ok  404 404 404 ok
POST /moi/calendrier                                              -                       in  ok  ok  ok  ok  ok  ok  ok  ok
POST /moi/calendrier/{feed_id:int}                                member                  in  404 404 404 404 404 404 404 ok
POST /moi/calendrier/{feed_id:int}/adresse                        member                  in  404 404 404 404 404 404 404 ok
POST /moi/calendrier/{feed_id:int}/coupure                        member                  in  404 404 404 404 404 404 404 ok
POST /moi/courrier                                                -                       in  ok  ok  ok  ok  ok  ok  ok  ok
POST /moi/deuxieme-code/secours                                   -                       in  404 404 404 404 404 404 404 404
POST /moi/deuxieme-code/telephone                                 -                       in  404 404 404 404 404 404 404 404
POST /moi/donnees/effacement                                      -                       in  409 409 ok  409 409 ok  409 409
POST /moi/mot-de-passe                                            -                       in  409 409 ok  ok  ok  ok  ok  ok
POST /moi/roles/{handover_id:int}                                 offered_a_role          in  404 404 404 404 404 404 404 ok
POST /offres/{token:str}                                          visitor                 ok  ok  ok  ok  ok  ok  ok  ok  ok
POST /paiements/stripe/webhook                                    -                       404 404 404 404 404 404 404 404 404
POST /repas                                                       -                       in  404 ok  403 ok  403 403 403 403
POST /repas/plats                                                 -                       in  404 ok  403 ok  403 403 403 403
POST /repas/plats/{dish_id:int}/changer                           kitchen                 in  404 404 403 ok  403 403 403 ok
POST /repas/plats/{dish_id:int}/fin                               kitchen                 in  404 404 403 ok  403 403 403 ok
POST /repas/prix                                                  -                       in  404 403 403 403 403 ok  403 403
POST /repas/{meal_id:int}/accueil                                 member                  in  404 404 403 403 ok  403 403 ok
POST /repas/{meal_id:int}/accueil/retrait                         member                  in  404 404 403 403 ok  403 403 ok
POST /repas/{meal_id:int}/accueil/sans-reservation                member                  in  404 404 403 403 ok  403 403 ok
POST /repas/{meal_id:int}/annulation                              kitchen                 in  404 404 403 ok  403 ok  403 ok
POST /repas/{meal_id:int}/caisse                                  member                  in  404 404 403 ok  ok  ok  403 ok
POST /repas/{meal_id:int}/changer                                 kitchen                 in  404 404 403 ok  403 403 403 ok
POST /repas/{meal_id:int}/invites                                 member                  in  409 409 ok  ok  ok  ok  ok  ok
POST /repas/{meal_id:int}/main                                    kitchen                 in  404 404 403 ok  403 403 403 ok
POST /repas/{meal_id:int}/quand-meme                              kitchen                 in  404 404 403 ok  403 403 403 ok
POST /repas/{meal_id:int}/reprise                                 member                  in  409 409 409 409 ok  409 409 ok
POST /repas/{meal_id:int}/reservations                            member                  in  ok  ok  ok  ok  ok  ok  ok  ok
POST /repas/{meal_id:int}/suite                                   kitchen                 in  404 404 403 ok  403 ok  403 ok
POST /reservations/{booking_id:int}/annulation                    member                  in  404 404 404 404 404 404 404 ok
POST /reservations/{booking_id:int}/choix                         member                  in  404 404 404 404 404 404 404 ok
POST /reservations/{booking_id:int}/paiement                      offered_a_role          in  404 404 404 404 404 404 404 ok
POST /reservations/{booking_id:int}/passage                       offered_a_role          in  404 404 404 404 404 404 404 ok
POST /reservations/{booking_id:int}/passage/retrait               welcome                 in  404 404 404 404 ok  404 404 ok
POST /reservations/{booking_id:int}/places                        member                  in  404 404 404 404 404 404 404 ok
POST /reservations/{booking_id:int}/reponse                       bureau                  in  404 404 404 404 404 ok  404 ok
POST /reservations/{booking_id:int}/sur-place                     second_mediator         in  404 404 404 404 404 404 404 409
POST /reservations/{booking_id:int}/verification                  second_mediator         in  404 404 404 404 404 404 404 ok
POST /tours/calme                                                 -                       in  404 403 403 403 403 ok  403 403
POST /tours/echanges/{swap_id:int}/reponse                        member                  in  404 404 409 409 ok  ok  409 ok
POST /tours/echanges/{swap_id:int}/retrait                        kitchen                 in  404 404 404 ok  ok  ok  404 ok
POST /tours/invites/{holding_id:int}/retrait                      host_of_a_contested_one in  404 404 404 404 404 ok  404 ok
POST /tours/roles                                                 -                       in  404 403 403 403 403 ok  403 403
POST /tours/roles/{duty_id:int}/changer                           keeper_elsewhere        in  404 403 404 404 403 404 403 ok
POST /tours/roles/{duty_id:int}/fin                               keeper_elsewhere        in  404 403 404 404 403 404 403 ok
POST /tours/roles/{duty_id:int}/savoir-faire                      keeper_elsewhere        in  404 409 404 404 409 404 409 422
POST /tours/roles/{duty_id:int}/semaine                           keeper_elsewhere        in  404 403 404 404 403 404 403 422
POST /tours/roles/{duty_id:int}/une-fois                          keeper_elsewhere        in  404 403 404 404 403 404 403 422
POST /tours/semaines/{pattern_id:int}                             keeper_elsewhere        in  404 403 404 404 403 404 403 ok
POST /tours/semaines/{pattern_id:int}/fin                         keeper_elsewhere        in  404 403 404 404 403 404 403 ok
POST /tours/{slot_id:int}/annulation                              keeper_elsewhere        in  404 403 404 404 403 404 403 ok
POST /tours/{slot_id:int}/caisse                                  at_the_till             in  404 404 404 404 404 404 404 ok
POST /tours/{slot_id:int}/changer                                 keeper_elsewhere        in  404 403 404 404 403 404 403 ok
POST /tours/{slot_id:int}/chaque-semaine/fin                      invited_to_host         in  ok  ok  ok  ok  ok  ok  ok  ok
POST /tours/{slot_id:int}/empechement                             member                  in  409 409 409 409 409 409 409 ok
POST /tours/{slot_id:int}/prise                                   member                  in  409 409 409 409 ok  ok  409 409
"""
