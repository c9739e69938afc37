package sock

//go:generate go run ../internal/genconst
