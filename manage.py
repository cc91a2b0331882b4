#!/usr/bin/env python
"""Django's command line for Cashman: `python manage.py help` lists what it can do."""

import os
import sys

from cashman_project.command_line import run

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashman_project.settings")
    run(sys.argv)
