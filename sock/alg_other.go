//go:build !linux

package sock

const (
	algSetKey          = 1
	algSetAEADAuthsize = 5
	msgMore            = 0
)

func newAlg(typ, name string) (*Socket, error) {
	return nil, failed("socket", AF_UNSPEC, lacks("AF_ALG "+typ+" "+name))
}
