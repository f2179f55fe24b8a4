"""The dossier: everything that is on record of one incident, as JSON and as a document to print."""
