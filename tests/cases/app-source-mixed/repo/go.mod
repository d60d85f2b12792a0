module git.example/shop

go 1.24
