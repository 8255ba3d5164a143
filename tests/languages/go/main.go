// A filter in Go, with Go's own runtime and the raw ABI, because there is no SDK for it that a registry carries: the
// host must run what Go makes of a module, WASI imports and garbage collector included.
package main

import (
	"bytes"
	"fmt"
	"runtime"
)

const (
	goOn = 0
	stop = 1
)

var (
	greeting string
	// What became of the callout or of the wait of each request, for the client to see.
	cameOfIt = map[uint32]string{}
	// The request that each callout is made for, by token.
	asking = map[uint32]uint32{}
	// The requests that wait for the next tick.
	waiting []uint32
)

func main() {}

//go:wasmexport proxy_abi_version_0_2_1
func abiVersion() {}

//go:wasmexport proxy_on_configure
func onConfigure(_, size uint32) uint32 {
	greeting = string(buffer(configuration, size))
	proxySetTickPeriod(20)
	return 1
}

//go:wasmexport proxy_on_tick
func onTick(uint32) {
	for _, context := range waiting {
		resume(context)
	}
	waiting = nil
}

func resume(context uint32) {
	proxySetEffectiveContext(context)
	proxyContinueStream(0)
}

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(context, _, end uint32) uint32 {
	log("greets with " + greeting)
	path := header(requestHeaders, ":path")
	if path == "/denied" {
		reply(403, "denied", "x-denied-by", "go")
		return stop
	}
	addHeader(requestHeaders, "x-greeting", greeting)
	if end == 0 {
		removeHeader(requestHeaders, "content-length")
	}
	switch path {
	case "/called":
		return ask(context, "go")
	case "/miscalled":
		return ask(context, "nowhere")
	case "/ticked":
		cameOfIt[context] = "a tick"
		waiting = append(waiting, context)
		return stop
	}
	return goOn
}

// Asks a cluster, and holds the request until the answer is there.
func ask(context uint32, cluster string) uint32 {
	token, status := call(cluster, "question", ":method", "POST", ":path", "/asked", ":authority", "elsewhere")
	if status != 0 {
		cameOfIt[context] = fmt.Sprintf("status %d", status)
		return goOn
	}
	asking[token] = context
	return stop
}

//go:wasmexport proxy_on_http_call_response
func onHTTPCallResponse(_, token, _, size, _ uint32) {
	context := asking[token]
	delete(asking, token)
	cameOfIt[context] = header(answerHeaders, ":status") + " " + string(buffer(answerBody, size))
	resume(context)
}

//go:wasmexport proxy_on_request_body
func onRequestBody(_, size, end uint32) uint32 {
	if end == 0 {
		return stop
	}
	data, length := at(bytes.ToUpper(buffer(requestBody, size)))
	proxySetBufferBytes(requestBody, 0, size, data, length)
	return goOn
}

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(context, _, _ uint32) uint32 {
	runtime.GC()
	kept := "no"
	if appendShared("seen", "x") {
		kept = "yes"
	}
	addHeader(responseHeaders, "x-kept", kept)
	addHeader(responseHeaders, "x-protocol", property("request\x00protocol"))
	if text, found := cameOfIt[context]; found {
		addHeader(responseHeaders, "x-came-of-it", text)
	}
	return goOn
}

//go:wasmexport proxy_on_delete
func onDelete(context uint32) {
	delete(cameOfIt, context)
}
