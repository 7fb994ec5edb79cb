"""Sentences of everyday speech, for voices to say."""

from __future__ import annotations

import re
from collections.abc import Sequence

from speechbrain_bifsmn.dataio.words import canonical_name

SENTENCES = """
The weather in the mountains may change within an hour.
She bought apples, bread and a little cheese at the market.
Most children would rather play than sit at a table.
My brother reads a newspaper every morning before breakfast.
We have been waiting for the last train since seven.
The library closes early in the winter months.
Please bring an umbrella, because it will rain this evening.
There is a small garden behind the yellow house.
He learned to swim when he was twelve years old.
The soup needs more salt and perhaps a pinch of pepper.
Our neighbours painted their fence green last summer.
A letter came for you while you were away.
They are planning a holiday by the sea with their cousins.
The museum shows paintings from the seventeenth century.
Could you help me carry these boxes, they are heavy.
Her grandmother tells the best stories in the village.
The river is deeper than it appears from the bridge.
I have never eaten such delicious pancakes.
The teacher explained the problem three times.
When the bell rings, everybody leaves the building.
That film was too long, although the music was lovely.
A black cat sleeps under the kitchen table.
The engineer measured the length of the tunnel twice.
Many people take the bus because parking is expensive.
You will find the keys in the drawer beside the lamp.
After the concert, we walked home through the park.
The baker opens his shop at five each morning.
This bicycle belongs to my friend from Portugal.
Every country has its own customs and its own songs.
The doctor advised him to sleep more and worry less.
Scientists have discovered a new kind of beetle.
The price of butter has risen again this month.
It takes about an hour to drive there in heavy traffic.
The farmer has seven cows, two horses and a tired donkey.
If it gets colder, the lake may freeze before Christmas.
They sold the old piano and bought a guitar instead.
Nobody answered the telephone until late at night.
The children built a castle of sand beside the water.
I would rather have tea than coffee in the afternoon.
He bought a ticket at the counter and waited on the platform.
Her new jacket is warm, but the sleeves are too short.
We heard music through the open window all evening.
The cat climbed over the wall and vanished in the dark.
Please remember to lock the office before you go home.
A narrow bridge leads across the valley to the village.
They argued about money, as they did every other week.
The bread was still warm when she took it from the oven.
Tomorrow the post office opens an hour later than usual.
My uncle repairs clocks and sells them at the flea market.
It was raining so hard that the streets were empty.
The judge listened patiently to both of the lawyers.
Somebody had painted a large blue fish on the garage.
Our flight was delayed because of fog over the airport.
She has been working as a nurse for almost twenty years.
The old elevator makes a strange noise between the floors.
You should try the mushroom omelette, it is delicious.
The coach asked the players to gather around the bench.
Winter came early, and snow covered the fields for months.
He whispered something that I could not understand.
The museum guard told us about the stolen painting.
There was a long queue in front of the bakery this morning.
The committee will discuss your proposal on Thursday.
Grandfather used to carve small animals out of wood.
The battery lasts for three days if you use it carefully.
She closed her eyes and listened to the waves.
They planted oak trees along the road to the farm.
The recipe calls for two eggs, some flour and a pinch of salt.
I forgot my umbrella on the bus, and now it is pouring.
The firemen arrived within minutes and saved the roof.
A tall man in a grey coat asked for directions.
Their daughter studies chemistry at the university.
The machine stops by itself when the bottle is full.
We watched the sun rise behind the mountains.
The tailor measured the cloth twice before he cut it.
Nothing in the letter explained why he had left so soon.
The radio played an old song that everybody knew.
Before the exam she could neither eat nor sleep.
The ferry crosses the harbour every twenty minutes.
He keeps his tools in perfect order in the cellar.
Most visitors come in spring, when the gardens are in bloom.
The thief had escaped through a window in the kitchen.
You can borrow my bicycle if you bring it back by noon.
The soup smells wonderful, is there enough for all of us?
A flock of geese flew over the lake in silence.
The new manager speaks five languages fluently.
His answer surprised everyone who was in the room.
The lamp in the corridor has been flickering for weeks.
She wrapped the present in paper with golden stars.
The farmer's truck broke down in the middle of the road.
We need another chair, because Victor is coming too.
Many people believe that the old tower is haunted.
The dentist said that the tooth could be saved.
They walked through the forest until they found the spring.
The actress thanked the audience and left the stage.
Our cousins live in a small town near the border.
The meeting lasted much longer than anyone expected.
A heavy curtain kept the light out of the bedroom.
He ordered a sandwich and a glass of orange juice.
The puppy chased its own tail across the carpet.
In summer the river is low enough to wade across.
The captain gave the order to lower the anchor.
Several windows were broken in the storm last night.
She explained the rules of the game once more.
The clock on the church tower has not worked since March.
Would you mind turning the volume down a little?
The scientist published her results in a famous journal.
They served cold lemonade with ice and fresh mint.
The road to the castle is steep and full of stones.
Everyone laughed when the magician dropped his hat.
The airplane disappeared behind a bank of clouds.
He collects stamps from countries that no longer exist.
The waiter brought the wrong bill, but nobody noticed.
Sheep were grazing on the slopes above the monastery.
The engine coughed twice and then fell silent.
I have an appointment with the lawyer at half past ten.
Her voice trembled as she read the last page aloud.
""".strip().splitlines()


def sentences_without(words: Sequence[str]) -> list[str]:
    """Returns the sentences in which none of some words is said.

    Arguments
    ---------
    words : sequence of str
        Words and short phrases.

    Returns
    -------
    list of str

    Example
    -------
    >>> len(SENTENCES) - len(sentences_without(["hour", "black cat"]))
    4
    """
    wanted = [f" {canonical_name(word)} " for word in words]
    return [
        sentence
        for sentence in SENTENCES
        if not any(word in _plain(sentence) for word in wanted)
    ]


def _plain(sentence):
    """The words of a sentence, with a space around each."""
    words = re.findall("[a-z']+", sentence.lower())
    return f" {' '.join(words)} "
