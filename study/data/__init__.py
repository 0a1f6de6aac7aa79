"""From a folder of images to batches on the device. A data set is one file in tasks/."""
