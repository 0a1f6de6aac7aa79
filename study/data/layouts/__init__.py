"""How data sets lie on a disk: folders of classes, Pascal VOC's layout, a CSV file. Lists files and opens no image."""
