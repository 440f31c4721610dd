"""The import workbook and what it does to the organisation."""
