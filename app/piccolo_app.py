"""The shell's tables, for Piccolo."""

from pathlib import Path

from piccolo.conf.apps import AppConfig, table_finder

HERE = Path(__file__).parent

APP_CONFIG = AppConfig(
    app_name="app",
    migrations_folder_path=str(HERE / "piccolo_migrations"),
    table_classes=table_finder(
        [
            "app.identity.tables",
            "app.identity.data_tables",
            "app.calendar.tables",
            "app.notices.tables",
            "app.journal",
        ],
        exclude_imported=True,
    ),
    migration_dependencies=[],
)
