"""Plain French words of four to eight letters, none with an accent: a password that is said aloud is made of them.

Their number counts (`slips.three_words`): a word may be replaced by another, not left out.
"""

from __future__ import annotations

_LIST = """
abeille abord abri abricot absence accent accord accueil achat acier acteur action adresse adulte affaire
affiche agenda agneau agrafe agrume aide aigle aiguille aile aimant alarme album algue aliment allure almanach
alouette alpage altitude amande amarre ambiance ambre amiral amour ampoule ananas ancre angle anguille animal
anneau antenne antilope appareil appel apprenti arbitre arbre arbuste archet ardoise argent argile armoire
arrosoir article artisan artiste asperge aspirine assiette atelier atlas attache aube auberge auteur automne
autruche avance avenir averse avocat avoine avril bagage bague baguette bain balade balai balance balcon baleine
balise ballade balle ballon balustre bambou banane banc bandeau banjo banque banquet banquise baobab barbe baril
barque barrage barreau basalte bascule basilic basket bassin bassine bateau bavette bazar belette belge berceau
berge berger besace biberon biche bidon bienfait bijou bilan bille billet biscotte biscuit bison bistrot bitume
blague blason bloc blocage blouse blouson bocal bois boisson bonbon bonheur bonjour bonnet bonsoir bonus bord
bordure bosquet bosse botte bouche boucher bouchon boucle bougeoir bougie bouillon boule boulon bouquet bouquin
boussole bout boutique bouton bowling bracelet branche brasier bravo brebis bretelle brevet brin brioche brique
briquet brise broche brochet bronze brosse brouette bruit brume brunch bruyant budget buffet buisson bulle
bulletin bureau burger butin butte buvette cabane cabine cabinet cabriole cacao cachalot cache cachet cactus
cadeau cadenas cadran cadre cageot cahier caillou caisse cajou calcul cale calme camarade camion camp campagne
campeur camping canal canard canari canif canne canot cantine cantique canton canyon capable caprice capsule
capuche carafe caramel caravane cargo caribou carnaval carnet carotte carpe carreau carrosse cartable carte
carton cascade casier casque cassette cassis castor cave caverne caviar cendre centaine centaure centime centre
cercle cerf cerfeuil cerise cerisier chacal chacun chaise chalet chaleur chaloupe chambre chameau champ champion
chandail changer chanson chant chanteur chantier chapeau chapitre charade charbon chardon charge chariot charme
charrue chasse chaud chaudron chaume chausson chef chemin chemise chenille cheval cheveu chez chien chiffon
chiffre chignon chimie chiot chips chocolat choix chose chou chouette chrome chute cible ciel cigale cigogne
cinq cintre cirage circuit cire cirque ciseau citron civet clair clairon clameur claque classe classeur clavecin
clavier clef client climat clin cloche clocher clou clown club cocon cocotier cocotte code coffre coffret
coiffeur coin colibri colis collage collant colle collier colline colombe colonne comique commande commerce
commode commun compas compote comptoir concert conseil conserve console contact conte conteur contour copain
copie coque coquille corail corbeau cordage corde cordon corne cornet corniche corsage cortex costume coton
coucou coude couette couleur couloir coupe couplet cour courage courant courbe coureur courge couronne courrier
course coursier court cousin coussin couteau coutume couture couvert crabe cracher craie crampon cravate crawl
crayon crevette crin criquet cristal croquis cruche cube cueillir cuir cuisine cuivre culotte culture cure curry
cycle cycliste cyclone cygne cylindre cymbale daim dalle dame damier danse danseur dauphin debout demain demi
dent dentelle dentiste dessert dessin destin deux devant devise devoir diamant dicton diesel digue dimanche
discours disque distance divan docker docteur dodo doigt dollar domaine domino donjon dortoir dossier douane
double doublure douceur douche doux douze dragon drap drapeau drone dune durable duvet dynamo effort elfe encens
enclos enclume encre endive endroit enfance enfant engin enjeu enseigne ensemble entorse entracte entrain envie
envoi envol essai essor essuie estampe estrade estuaire exemple exercice exil expert exploit extra extrait fable
fabrique facile facteur facture faisan falaise familier fanfare farce farine fauteuil fauvette ferme fermier
ferry festin festival feuille feutre fiable fibre ficelle fiche fiction fifre figue figure filet filleul film
filtre finale finir fiole firme flacon flamant flamme flan flanc flanelle flaque flasque fleur fleuve flocon
flotte fluide foire folklore fond fondant fontaine football foret forfait forge format forme formule fort
fortune fossile foudre fougasse fourche fourgon fourmi fournil fourrage foyer fraction fragile fraise franc
frange freesia freezer frein frigo frisson frite friture froid fromage froment front fruit fruitier fugue fumet
fusain fuseau futur gadget gagnant galaxie galerie galet galette galop gamelle gamin gamme gant garage garde
gardien gare garnison gaufre gazelle gazette gazon gecko gendre genou gens gentil gerbe gerboise germe geste
gibier gilet girafe girofle givre glace glacier glaise glisse globe gloire gnome gobelet gomme gond gondole gong
gorge gourmand gousse goutte grain graine grand grange granit grappe gravier gravure grelot grenade grenier
griffe grille grillon grimace grimpeur grive grotte groupe guichet guide guidon guitare gymnase habit habitude
hache haie halte hamac hamster hanche handball hangar hanneton harde hardi harfang haricot harmonie harpe harpon
hasard hausse haut hautbois herbe herbier herse heure hexagone hibiscus hibou hier histoire hiver hobby hockey
homard honneur horaire horizon horloge hors hotte houblon houle housse houx hublot huile huit humain humeur
humour humus huppe hutte hymne ibis iceberg image immense immeuble impair index indice indigo individu infini
infusion insecte insigne instant instinct institut intact invite iris ironie isard issue ivoire jade jaguar
jambe jambon janvier jardin jarre jasmin javelot jazz jean jeton jeudi jeune jingle jockey jogging joie joli
jongleur jonque joue jouet joueur joufflu jour journal joyau joyeux judo juge juillet juin jumeau jument jungle
jupe jupon jury juste justice kaki karma kart kayak kermesse kilo kilt kimono kiosque kiwi klaxon koala labo
labour lacet laine laitier laiton laitue lama lame lampe lampion lance landau langage lanterne lapin large
largeur laser lasso lavabo lavande laverie laveur lavoir layette lecteur lecture lentille lessive lettre levain
levier levure lexique liane libraire libre licence licorne lien lierre lieu lieue lilas limaille lime limite
limonade lion lionceau liquide lisible lisse liste litre livre livret livreur local loft logement logiciel logis
logo loin loir loisir long longueur loterie lotion lotus louche loup loupe loutre loyal lucarne lucide luciole
lueur luge lumignon lumineux lunaire lundi lune lunette lustre luth lutin lutrin luxe lyre lyrique machine
madame magasin magazine magicien magie magique magnolia maille maillet maillot main mairie maison majeur malice
malle maman mammouth manche mangue manoir manteau manuel maquette marathon marbre marchand marche mardi marelle
marge marin marine marinier marmite marmotte marquis marron mars marsouin marteau martin mascotte masque massif
mastic matelas matelot matin matou matrice mauve maximum mazurka meilleur melon membre menthe menton menu menuet
mercerie merci mercredi mercure merguez merlan merle message messager mesure miche micro midi miel miette mieux
mignon mijoter mikado milieu millet million mime mimosa mince mine minerai minet minibus minime minuit minute
miracle mirage miroir mistral mitaine mixeur mobile mode module moelle moineau moins mois moisson molaire moment
monde monnaie monocle montagne montant montre monument moquette morceau morille morse moteur motif moto mouche
mouchoir mouette moufle moulin moulure mousse mousson moutarde mouton moyen muguet multiple murmure muscade
muscat muscle museau musette musique mutuel myrtille mystique nacelle nacre nageoire nageur nappe napperon
narine narval natal natation nation nature naval navet navette navire neige nettoyer neuf neutre neveu niche
nickel noble noce nocturne noisette noix nomade nombre nord normal notable notaire note notice nougat nouille
nouveau novembre novice noyau nuage nuance nuit nylon oasis objectif objet obole obtenir ocarina occasion octave
octobre odeur odorat office offrande oignon oiseau oiseleur oisillon olive olivier ombrage ombre ombrelle
omelette oncle onde ongle onze opale option optique orage orange oranger orateur orbite ordre oreille oreiller
organe orge orgue orient original orme ornement orteil ortie oseille osier otarie ouate ouest ouragan ourlet
ours ourson outarde outil outre ouvrage ouvrier ouvrir ovale ovation paddock pagaie page pagode paille pain
paisible paix palais palette palier palme palmier palombe palourde pampa panache panda panier panneau panoplie
panorama pantalon pantin paon papa papaye papier papillon papyrus paquebot paquet parade parasol paravent parc
parcelle parcours pardon parent parfait parfum parking parler parmi parole parquet parrain parsemer part partage
partie partir partout parure parvis passage passager passant passe passion pastel pastille patate patience patin
patineur patio patois patron patte paume pause pavage pavane pavillon pavot paye paysage paysan peau peigne
peindre peintre peinture pelage pelle pelote pelouse peluche pendule penne pente perche perle perron perruche
persil personne peseur petit peuple peuplier phare philtre phoque photo phrase physique pianiste piano pichet
pierre pieuvre pigeon pignon pile pilier pilote piment pince pinceau pingouin pinson pintade pinte pioche pion
pionnier pipeau pique piquet pirogue piscine pistache piste pistil piston pivert pivoine pivot pizza placard
place plafond plage plaisir plan planche plancher planeur planteur plaque platane plateau plein pleurote
plombier plonge plongeon plongeur pluie plumage plume plumeau plumier plus pochette poids poignet point pointe
pointure poire poireau poirier pois poisson poivre poivron polaire pollen polo polygone pomelo pomme pommier
pompe pompier pompon poncho pondre poney pont ponton porche port portail porte porteur portier portion portique
portrait possible poste posture potage potager poteau potelet poterie potier potiron pouce poudre poulain poule
poulie poulpe poupon pourpre pousse poussin poutre prairie pratique premier prendre presque presse prestige
preuve prince principe prisme prix proche prodige produit profil profit profond projet promesse prompt propos
propre prose proverbe prudent prunelle prunier public puce puits pull pulpe pupille pupitre puzzle pyjama
pyramide quai quart quartier quartz quatorze quatre quatuor quel quenelle question quiche quille quinoa quinze
quiz quota rabot racine raclette radar radeau radio radis rafale ragondin rail rainette rainure raisin raison
rallye ramage rame rameau ramier rampe ranch rang rapide raquette rasage rasoir ration ravin ravioli rayon
rebond rebord recette recoin record recto recueil refrain refuge regain regard reggae registre reine relais
relief reliure remorque remous rempart renard renfort renne repas replay repli reporter repos requin respect
ressort reste retour revers revoir revue rhubarbe riche ricochet rideau rigole rigolo rime ring risotto rivage
rive riverain robe robinet robot robuste roche rocher rocket roman romance romarin rond ronfleur ronron roquette
rosace rose roseau rosier rotin rotor rotule rouage roue rouet rougeur rouille roulade rouleau roulette roulotte
route routine royal royaume ruade ruban rubis ruche rugby ruisseau ruminer rural rustine rythme sable sablier
sabot sachet sacoche safari safran sage sagesse saison salade saladier salaire salle salon salsa salsifis salut
samba samedi sandale sandwich sangle sanglier santal sapin sarcelle sardine sarrasin satin sauce saucisse sauge
saule saumon sauna saut sauteur savane savant saveur savoir savon scarole science scolaire scooter score scout
seau second secours seigle seize selfie selle semaine semelle semence semis semoule sens sensible sentier sentir
sept serein serpe serre serrure sertir serveur service seuil sifflet signal signe silence silex sillage sillon
silo simple sirocco sirop site skieur slalom smoking social socle sofa soie soif soigneur soin soir soixante
soja solde sole soleil solide solitude solo solution sommeil sommet sommier sonate sondage songe sonner sonnerie
sonnette sorbet sorbier sorgho sort souche soucoupe soudain soudeur souffle soufflet souhait souk soulier
soupape soupe souper source sourcil sourire souris sous souvenir spacieux sphinx sport sportif square squash
stable stade stage stand statue steak steppe sterne store strophe studio style stylo sucre sucrier suite sujet
super surf surface surfeur surprise sursaut survol sushi sweat symbole sympa table tableau tablette tablier
tabouret tache tacot taille tailleur talent talus tamarin tambour tamis tandem tango tanin tanneur tante tapage
tapioca tapir tapis tarif tarot tarte tartine tasse tatami tatou taupe taureau taverne taxi tempo temps tendre
tenir tennis tente tenue terme terminal terrain terrasse terre terreau terrier terrine tesson test texte texture
tiare ticket tiers tige tigre tilleul timbale timbre timide tipi tirage tirelire tiret tiroir tisane tisserin
tisseur tissu titre toast toboggan toile toise toit toiture tomate tombola tong tonique tonneau tonnelle
tonnerre topaze toque torche torchon tornade torrent torse tortue total totem toucan touche toucher toujours
toundra tour tourisme touriste tourner tournoi tournure tourte tourteau tous tout trac trace tracteur trafic
train trait trajet tram trame tranche transat trappe trappeur travers treillis treize tremplin trente triangle
tribord tribu tribune tricot tricycle trio triomphe triple triton troc trois trombone tronc tropique trot
trottoir trou troupe troupeau trousse trouver truc truelle truffe truite tube tuile tulipe tulle tunique tunnel
turban turbine turbo turbot tuteur tutu tuyau type ultime union unique univers urne usage usine usuel utile
utopie vacance vaccin vague vaillant vaisseau valeur valise vallon valse vanille vanne vanneau vannier vapeur
varan variante vase vaste vautour vedette veille veine velours vendeur vendredi vent ventail ventouse ventre
verbe verdure verger verglas vermeil vernis verre verrier versant verseau version verso vertical vertige vertu
verveine veste veston viaduc victoire vigie vigile vigne vigneron vignette vigogne vigueur villa village ville
vinaigre vingt violet violon virgule visage viseur vision visite visiteur vitamine vitesse vitrail vitre vitrier
vitrine vivace vivant vivarium vivier voici voile voilier voir voisin voiture voix volaille volant volcan
voleter volley volte volume vote voyage voyageur voyelle vrac vrai vrille wagon wagonnet western yacht yaourt
yoga yole yourte yucca zanzibar zapper zeste zigzag zinc zinnia zodiaque zone zoom
"""

WORDS = tuple(_LIST.split())
