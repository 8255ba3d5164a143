module go-raw

go 1.24
