package main

import (
	"encoding/binary"
	"unsafe"
)

const (
	requestHeaders  = 0
	responseHeaders = 2
	answerHeaders   = 6

	requestBody   = 0
	answerBody    = 4
	configuration = 7
)

// What the host was given and has not handed back: the collector must not take it meanwhile.
var lent = map[uint32][]byte{}

// The host's memory comes from Go's heap, so that the collector and the host meet.
//
//go:wasmexport proxy_on_memory_allocate
func allocate(size uint32) uint32 {
	block := make([]byte, max(size, 1))
	address := uint32(uintptr(unsafe.Pointer(&block[0])))
	lent[address] = block
	return address
}

// The block that the host wrote, or nothing.
func taken(status, address, length uint32) []byte {
	block := lent[address]
	delete(lent, address)
	if status != 0 {
		return nil
	}
	return block[:min(int(length), len(block))]
}

func at(text []byte) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.SliceData(text)), uint32(len(text))
}

func log(text string) {
	data, size := at([]byte(text))
	proxyLog(2, data, size)
}

func header(headers uint32, name string) string {
	var address, length uint32
	data, size := at([]byte(name))
	status := proxyGetHeader(headers, data, size, &address, &length)
	return string(taken(status, address, length))
}

func addHeader(headers uint32, name, value string) {
	data, size := at([]byte(name))
	text, length := at([]byte(value))
	proxyAddHeader(headers, data, size, text, length)
}

func removeHeader(headers uint32, name string) {
	data, size := at([]byte(name))
	proxyRemoveHeader(headers, data, size)
}

func buffer(kind, size uint32) []byte {
	var address, length uint32
	status := proxyGetBufferBytes(kind, 0, size, &address, &length)
	return taken(status, address, length)
}

func property(path string) string {
	var address, length uint32
	data, size := at([]byte(path))
	status := proxyGetProperty(data, size, &address, &length)
	return string(taken(status, address, length))
}

// Whether what is kept below the key could be made longer.
func appendShared(key, more string) bool {
	var address, length, cas uint32
	name, size := at([]byte(key))
	status := proxyGetSharedData(name, size, &address, &length, &cas)
	value, longer := at(append(taken(status, address, length), more...))
	return proxySetSharedData(name, size, value, longer, cas) == 0
}

func reply(status uint32, body string, headers ...string) {
	text, size := at([]byte(body))
	pairs, length := at(serialized(headers))
	proxySendLocalResponse(status, nil, 0, text, size, pairs, length, -1)
}

func call(cluster, body string, headers ...string) (token, status uint32) {
	name, nameSize := at([]byte(cluster))
	text, size := at([]byte(body))
	pairs, length := at(serialized(headers))
	status = proxyHTTPCall(name, nameSize, pairs, length, text, size, nil, 0, 1000, &token)
	return token, status
}

// Names and values by turns, as the ABI has maps.
func serialized(texts []string) []byte {
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(texts)/2))
	for _, text := range texts {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(text)))
	}
	for _, text := range texts {
		out = append(append(out, text...), 0)
	}
	return out
}
