// Anchors the support library; what the tests share lives in the headers beside this file.
