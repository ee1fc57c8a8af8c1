"""Whoever is listed is found by any word of their name, in the order of these words, without reading the others."""

from app.database import is_sqlite, run
from app.migrations import ddl

ID = "m0007_name_words"
VERSION = "1.38.0"
DESCRIPTION = "words of listed names, by place"
CHUNK = 500


async def forwards() -> None:
    # Compared letter by letter whatever the server's language, so that what begins alike stands together.
    text = "{text}" if is_sqlite() else '{text} collate "C"'
    await ddl(f"""
        create table name_word (
            id {{id}},
            place_id {{ref}} not null references place (id),
            member_id {{ref}} not null references member (id),
            key {text} not null,
            before {{text}} not null
        );
        create index name_word_here on name_word (place_id, key, member_id);
        create index name_word_first on name_word (place_id, key, member_id, before) where before = '';
        create index name_word_of on name_word (member_id);
        drop index member_by_name;
        create index member_by_name on member (name_key);
        create index member_without_mail on member (id) where email is null and erased_at is null;
        create index member_address_added on member (address_added_at) where address_added_at is not null;
    """)
    listed = await run(
        "select ms.place_id, ms.member_id, m.name_key from membership ms join member m on m.id = ms.member_id "
        "where m.listed and m.erased_at is null order by ms.id"
    )
    words = []
    for row in listed:
        at = 0
        for word in row["name_key"].split(" "):
            if word:
                words += [[row["place_id"], row["member_id"], row["name_key"][at:], row["name_key"][:at]]]
            at += len(word) + 1
    for first in range(0, len(words), CHUNK):
        some = words[first : first + CHUNK]
        await run(
            "insert into name_word (place_id, member_id, key, before) values "  # noqa: S608 - marks only
            + ", ".join(["({}, {}, {}, {})"] * len(some)),
            *(value for word in some for value in word),
        )
