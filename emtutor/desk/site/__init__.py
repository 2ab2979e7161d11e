"""All lessons as one static site, to read without installing anything: `build(folder)`.

A page a lesson, with contents, links, search, and films that play; the start page with the map, and a glossary. No page
asks another host, and all work from a disk, without any server. A link that leads nowhere stops the build.
"""

from emtutor.desk.site.pages import SiteError, build
from emtutor.desk.site.ways import known_repository, repository

__all__ = ["SiteError", "build", "known_repository", "repository"]
