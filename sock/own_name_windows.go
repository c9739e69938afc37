package sock

import (
	"errors"
	"fmt"
)

func sysSethostname(string) error { return fmt.Errorf("%w on windows", errors.ErrUnsupported) }
