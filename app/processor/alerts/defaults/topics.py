"""Names, probable causes and advice of the default rules, in French and in English."""

from .base import Topic

CELL_HIGH = Topic(
    ("Cellule trop haute", "Cell too high"),
    (
        "Tension de charge trop élevée, ou cellule pleine avant les autres.",
        "The charge voltage is too high, or this cell is full before the others.",
    ),
    (
        "Vérifier le réglage du chargeur et l’équilibrage de la cellule nommée.",
        "Check the charger’s setting and the balance of the cell named.",
    ),
)
CELL_OVERCHARGED = Topic(
    ("Surcharge de cellule", "Cell overcharged"),
    (
        "Ni le chargeur ni le BMS n’ont arrêté la charge.",
        "Neither the charger nor the BMS has stopped the charge.",
    ),
    (
        "Arrêter la charge maintenant, isoler la batterie et appeler EDS.",
        "Stop charging now, isolate the battery and call EDS.",
    ),
)
CELL_LOW = Topic(
    ("Cellule trop basse", "Cell too low"),
    (
        "Batterie presque vide, ou cellule plus faible que les autres.",
        "The battery is nearly empty, or this cell is weaker than the others.",
    ),
    ("Recharger bientôt et réduire la charge.", "Recharge soon and reduce the load."),
)
CELL_EMPTY = Topic(
    ("Décharge profonde de cellule", "Cell deeply discharged"),
    (
        "La décharge a continué sous la limite de la cellule.",
        "The discharge went on below the limit of the cell.",
    ),
    (
        "Couper la charge. À 2,0 V et moins, ne pas recharger : appeler EDS.",
        "Cut the load. At 2.0 V and less do not recharge: call EDS.",
    ),
)
IMBALANCE_REST = Topic(
    ("Déséquilibre au repos", "Imbalance at rest"),
    (
        "Une cellule a un autre état de charge que les autres.",
        "One cell holds another charge than its fellows.",
    ),
    (
        "Laisser une pleine charge se terminer pour que le BMS équilibre.",
        "Let a full charge finish so that the BMS can balance.",
    ),
)
IMBALANCE_FULL = Topic(
    ("Déséquilibre en fin de charge", "Imbalance near full"),
    (
        "Une cellule arrive pleine avant les autres ; l’équilibrage ne suit pas.",
        "One cell is full before the others; balancing does not keep up.",
    ),
    (
        "Prolonger l’absorption à courant faible et vérifier l’équilibrage.",
        "Prolong absorption at low current and check the balancing.",
    ),
)
IMBALANCE_EMPTY = Topic(
    ("Cellule faible en fin de décharge", "Weak cell near empty"),
    (
        "Cette cellule a moins de capacité que les autres.",
        "This cell has less capacity than the others.",
    ),
    (
        "Arrêter la décharge plus tôt et prévoir un essai de capacité.",
        "Stop discharging earlier and plan a capacity test.",
    ),
)
COLD_CHARGE = Topic(
    ("Charge à froid", "Charging in the cold"),
    (
        "Chauffage absent ou en panne ; le lithium se dépose sur l’anode.",
        "No heating, or it failed; lithium is plated on the anode.",
    ),
    (
        "Arrêter la charge jusqu’à ce que les cellules soient réchauffées.",
        "Stop charging until the cells are warm.",
    ),
)
COLD_DISCHARGE = Topic(
    ("Décharge par grand froid", "Discharging in great cold"),
    ("Chauffage absent ou en panne.", "No heating, or it failed."),
    ("Réduire la charge et vérifier le chauffage.", "Reduce the load and check the heating."),
)
HOT = Topic(
    ("Température élevée", "High temperature"),
    (
        "Courant élevé, ventilation insuffisante ou local trop chaud.",
        "High current, too little ventilation or a hot room.",
    ),
    (
        "Réduire le courant et vérifier la ventilation.",
        "Reduce the current and check the ventilation.",
    ),
)
RUNAWAY = Topic(
    ("Échauffement dangereux", "Dangerous heating"),
    (
        "Emballement thermique possible, ou refroidissement perdu.",
        "A thermal runaway is possible, or cooling is lost.",
    ),
    (
        "Évacuer, couper charge et décharge à distance, appeler les secours puis EDS.",
        "Leave the room, cut charge and discharge from afar, call for help, then EDS.",
    ),
)
UNEVEN_HEAT = Topic(
    ("Températures inégales", "Uneven temperatures"),
    (
        "Connexion desserrée, ventilation bouchée ou capteur mal fixé.",
        "A loose connection, a blocked vent or a sensor that came off.",
    ),
    (
        "Vérifier le serrage et la ventilation près du point nommé.",
        "Check the connections and the ventilation near the place named.",
    ),
)
OVERLOAD = Topic(
    ("Courant trop élevé", "Current too high"),
    (
        "La charge ou le chargeur dépasse le courant assigné.",
        "The load or the charger exceeds the rated current.",
    ),
    ("Réduire la charge ou le courant de charge.", "Reduce the load or the charging current."),
)
MOSFET_HOT = Topic(
    ("Transistors du BMS chauds", "BMS transistors hot"),
    (
        "Courant élevé ou refroidissement du BMS insuffisant.",
        "High current, or the BMS is poorly cooled.",
    ),
    ("Réduire le courant et dégager le BMS.", "Reduce the current and give the BMS air."),
)
SOC_LOW = Topic(
    ("Charge basse", "Low charge"),
    ("Consommation supérieure à la recharge.", "More is used than is charged."),
    ("Recharger ou réduire la consommation.", "Recharge, or use less."),
)
NOT_FULL = Topic(
    ("Pas de pleine charge récente", "No full charge lately"),
    (
        "La batterie n’atteint plus la fin de charge ; son état de charge dérive.",
        "The battery no longer reaches the end of charge; its state of charge drifts.",
    ),
    ("Prévoir une pleine charge.", "Plan a full charge."),
)
AGED = Topic(
    ("Santé basse", "Low state of health"),
    ("Vieillissement, ou une cellule faible.", "Ageing, or one weak cell."),
    (
        "Préparer le remplacement et vérifier la garantie.",
        "Prepare the replacement and check the warranty.",
    ),
)
LEAK = Topic(
    ("Perte au repos", "Loss at rest"),
    (
        "Consommation cachée ou autodécharge d’une cellule.",
        "A hidden consumer, or a cell that discharges itself.",
    ),
    (
        "Débrancher ce qui consomme au repos et comparer de nouveau.",
        "Disconnect what consumes at rest and compare again.",
    ),
)
HOT_AND_FULL = Topic(
    ("Pleine et au chaud", "Full in the heat"),
    ("Charge maintenue haute en été.", "Kept at a high charge in summer."),
    (
        "Abaisser la fin de charge quand la réserve n’est pas requise.",
        "Lower the end of charge when the reserve is not needed.",
    ),
)
FLOAT_HIGH = Topic(
    ("Tension d’entretien trop haute", "Float voltage too high"),
    (
        "Réglage du chargeur ou compensation de température absente.",
        "The charger’s setting, or no temperature compensation.",
    ),
    (
        "Abaisser la tension d’entretien selon la fiche du fabricant.",
        "Lower the float voltage to the maker’s sheet.",
    ),
)
FLOAT_LOW = Topic(
    ("Tension d’entretien trop basse", "Float voltage too low"),
    ("Réglage du chargeur ou chute dans les câbles.", "The charger’s setting, or lossy cables."),
    (
        "Relever la tension d’entretien : la sulfatation a commencé.",
        "Raise the float voltage: sulphation has begun.",
    ),
)
FLOAT_CURRENT = Topic(
    ("Courant d’entretien anormal", "Unusual float current"),
    (
        "Élément en court-circuit, assèchement ou début d’emballement.",
        "A shorted cell, drying out, or the beginning of a runaway.",
    ),
    (
        "Mesurer chaque bloc et la température ; surveiller de près.",
        "Measure each block and its temperature; watch closely.",
    ),
)
BLOCK_APART = Topic(
    ("Bloc différent des autres", "One block unlike the others"),
    ("Bloc faible ou connexion résistive.", "A weak block, or a resistive connection."),
    (
        "Mesurer le bloc nommé et resserrer ses connexions.",
        "Measure the block named and tighten its connections.",
    ),
)
RESISTANCE = Topic(
    ("Résistance en hausse", "Resistance rising"),
    (
        "Vieillissement, assèchement ou connexion corrodée.",
        "Ageing, drying out, or a corroded connection.",
    ),
    ("Prévoir un essai de capacité.", "Plan a capacity test."),
)
CAPACITY = Topic(
    ("Capacité insuffisante", "Too little capacity"),
    ("Fin de vie du parc de blocs.", "The blocks are at the end of their life."),
    ("Remplacer (IEEE 1188 : sous 80 %).", "Replace (IEEE 1188: below 80%)."),
)
SULPHATION = Topic(
    ("Longtemps sous 80 % de charge", "Long below 80% of charge"),
    ("Recharge insuffisante.", "Too little charging."),
    (
        "Faire une pleine charge pour limiter la sulfatation.",
        "Charge fully, to limit sulphation.",
    ),
)
BMS_ALARM = Topic(
    ("Alarme du BMS", "BMS alarm"),
    ("Le BMS protège la batterie ou signale un défaut.", "The BMS protects or reports a fault."),
    (
        "Lire l’alarme, corriger sa cause avant de réarmer.",
        "Read the alarm and mend its cause before resetting.",
    ),
)
BLIND = Topic(
    ("Mesures manquantes", "Measurements missing"),
    ("Fil de mesure débranché ou capteur en panne.", "A sense wire is off, or a sensor failed."),
    ("Vérifier le faisceau de mesure.", "Check the sense harness."),
)
BMS_SILENT = Topic(
    ("BMS muet", "BMS silent"),
    (
        "Le collecteur parle, le BMS non : câble, alimentation ou BMS arrêté.",
        "The collector speaks and the BMS does not: cable, supply, or the BMS is off.",
    ),
    ("Vérifier le câble et l’alimentation du BMS.", "Check the cable and the BMS’s supply."),
)
COLLECTOR_LATE = Topic(
    ("Collecteur en retard", "Collector late"),
    ("Réseau lent ou encombré.", "A slow or busy network."),
    ("Rien à faire si cela ne dure pas.", "Nothing to do unless it lasts."),
)
COLLECTOR_SILENT = Topic(
    ("Collecteur muet", "Collector silent"),
    (
        "Panne de courant, réseau coupé ou collecteur arrêté.",
        "No power, no network, or the collector stopped.",
    ),
    (
        "Vérifier sur place courant et réseau ; les mesures attendent sur le collecteur.",
        "Check power and network on site; measurements wait on the collector.",
    ),
)
SITE_SILENT = Topic(
    ("Site hors ligne", "Site offline"),
    (
        "Tous les collecteurs du site se taisent : internet ou courant du site.",
        "Every collector of the site is silent: its internet or its power.",
    ),
    (
        "Appeler le site ou son fournisseur d’accès.",
        "Call the site or its internet provider.",
    ),
)
CLOCK_WRONG = Topic(
    ("Horloge du collecteur décalée", "Collector’s clock is wrong"),
    ("Pas de synchronisation de l’heure sur le site.", "The site does not synchronise its time."),
    ("Activer NTP sur le collecteur.", "Turn NTP on at the collector."),
)
