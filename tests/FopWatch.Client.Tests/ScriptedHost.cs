using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace FopWatch.Client.Tests;

/// <summary>Answers requests with the given answers in order, and repeats the last one.</summary>
internal sealed class ScriptedHost : HttpMessageHandler
{
    private readonly Queue<Func<HttpRequestMessage, Task<HttpResponseMessage>>> _answers = new();
    private Func<HttpRequestMessage, Task<HttpResponseMessage>>? _last;

    public List<string> Requests { get; } = [];

    public List<string?> Positions { get; } = [];

    public HttpRequestHeaders? LastHeaders { get; private set; }

    public ScriptedHost Then(Func<HttpRequestMessage, Task<HttpResponseMessage>> answer)
    {
        _answers.Enqueue(answer);
        return this;
    }

    public ScriptedHost Then(int status, string type, string body, string? retryAfter = null) => Then(_ =>
    {
        var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8) };
        response.Content.Headers.ContentType = type.Length == 0 ? null : new(type);
        if (retryAfter is not null)
            response.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
        return Task.FromResult(response);
    });

    /// <summary>A body without an end.</summary>
    public ScriptedHost ThenEndless(string type, string begins, string goesOn) => Then(_ =>
    {
        var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new EndlessStream(begins, goesOn)) };
        response.Content.Headers.ContentType = new(type);
        return Task.FromResult(response);
    });

    public ScriptedHost ThenCut(HttpRequestError error = HttpRequestError.ResponseEnded) => Then(_ => throw new HttpRequestException(error, "cut"));

    public FopWatchClient Client(TimeProvider? time = null, Action<FopWatchClientOptions>? configure = null)
    {
        var options = new FopWatchClientOptions { Url = new("http://host") };
        configure?.Invoke(options);
        return new(options, this, time);
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests.Add($"{request.Method} {request.RequestUri!.PathAndQuery}");
        Positions.Add(request.Headers.TryGetValues("Last-Event-ID", out var values) ? values.Single() : null);
        LastHeaders = request.Headers;
        if (_answers.TryDequeue(out var next))
            _last = next;
        return (_last ?? throw new InvalidOperationException("Nothing to answer."))(request);
    }

    private sealed class EndlessStream(string begins, string goesOn) : Stream
    {
        private readonly byte[] _goesOn = Encoding.UTF8.GetBytes(goesOn);
        private byte[] _next = Encoding.UTF8.GetBytes(begins);

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get; set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var length = Math.Min(count, _next.Length);
            _next.AsSpan(0, length).CopyTo(buffer.AsSpan(offset));
            _next = length == _next.Length ? _goesOn : _next[length..];
            return length;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
