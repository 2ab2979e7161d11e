"""The small classical models, one a file, each through the same `em.Model`; `emtutor.examples` lists them."""
