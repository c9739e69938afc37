package protocol

type dialing struct{}

func (d *dialing) lost(t *Transport, err error) {}
func (t *Transport) connected(x *extra) bool    { return true }
