"""The logins of cameras that want one, from the settings to those who fetch pictures."""

from huanwei.settings import Settings
from vision.orders import CameraLogin


def camera_logins(settings: Settings) -> dict[str, CameraLogin]:
    """Return them by device id."""
    return {
        device_id: CameraLogin(
            username=login.user, password=login.password.get_secret_value(), digest=login.digest
        )
        for device_id, login in settings.camera_logins.items()
    }
