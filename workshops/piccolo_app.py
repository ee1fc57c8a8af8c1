"""The tables of workshops, for Piccolo."""

from pathlib import Path

from piccolo.conf.apps import AppConfig, table_finder

HERE = Path(__file__).parent

APP_CONFIG = AppConfig(
    app_name="workshops",
    migrations_folder_path=str(HERE / "piccolo_migrations"),
    table_classes=table_finder(["workshops.tables"], exclude_imported=True),
    migration_dependencies=["app.piccolo_app"],
)
