using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>What becomes of one request.</summary>
internal enum Fate
{
    /// <summary>It is answered.</summary>
    Answered,

    /// <summary>The service does as it is told, and the connection breaks before the answer.</summary>
    AnswerLost,

    /// <summary>It never gets to the service.</summary>
    Unsent,

    /// <summary>The service is too busy: 503.</summary>
    Busy,

    /// <summary>The service asks for less: 429.</summary>
    Throttled,
}

/// <summary>Stands between a client and the service: counts requests, and lets them fail. It sees every try.</summary>
internal sealed class Wire : HttpPipelinePolicy
{
    private readonly ConcurrentQueue<string> _requests = new();

    /// <summary>Decides about the next request, given what it is.</summary>
    public Func<string, Fate> Fates { get; set; } = _ => Fate.Answered;

    /// <summary>What happens between the loss of an answer and the next try.</summary>
    public Func<Task> WhenLost { get; set; } = () => Task.CompletedTask;

    /// <summary>What was asked of the service, in order: <c>read</c>, <c>query</c>, <c>transaction</c>, <c>insert</c>, <c>put</c>, <c>delete</c>.</summary>
    public IReadOnlyList<string> Requests => [.. _requests];

    public void Between(TableClientOptions options) => options.AddPolicy(this, HttpPipelinePosition.PerRetry);

    /// <summary>The first request of a kind has this fate, the others are answered.</summary>
    public void Once(string kind, Fate fate)
    {
        var left = 1;
        Fates = request => request == kind && Interlocked.Decrement(ref left) == 0 ? fate : Fate.Answered;
    }

    /// <summary>The requests so far, counted and forgotten.</summary>
    public string Take()
    {
        var taken = new List<string>();
        while (_requests.TryDequeue(out var request))
            taken.Add(request);
        return string.Join(", ", taken.GroupBy(kind => kind).OrderBy(kind => kind.Key, StringComparer.Ordinal).Select(kind => $"{kind.Count()} {kind.Key}"));
    }

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var kind = KindOf(message.Request);
        _requests.Enqueue(kind);
        switch (Fates(kind))
        {
            case Fate.Unsent:
                throw new IOException("The connection broke before the request was sent.");
            case Fate.Busy:
                message.Response = new Refusal(503, "Server Busy");
                break;
            case Fate.Throttled:
                message.Response = new Refusal(429, "Too Many Requests");
                break;
            case Fate.AnswerLost:
                await ProcessNextAsync(message, pipeline);
                await WhenLost();
                throw new IOException("The connection broke before the answer came.");
            default:
                await ProcessNextAsync(message, pipeline);
                break;
        }
    }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        throw new NotSupportedException("The store is asynchronous throughout.");

    private static string KindOf(Request request)
    {
        var path = request.Uri.Path;
        return request.Method.Method switch
        {
            "GET" => path.Contains("PartitionKey=", StringComparison.Ordinal) ? "read" : "query",
            "POST" => path.EndsWith("$batch", StringComparison.Ordinal) ? "transaction" : "insert",
            "DELETE" => "delete",
            _ => "put",
        };
    }

    private sealed class Refusal(int status, string reason) : Response
    {
        public override int Status => status;

        public override string ReasonPhrase => reason;

        public override bool IsError => true;

        public override Stream? ContentStream { get; set; } = new MemoryStream();

        public override string ClientRequestId { get; set; } = "";

        public override void Dispose()
        {
        }

        protected override bool ContainsHeader(string name) => false;

        protected override IEnumerable<HttpHeader> EnumerateHeaders() => [];

        protected override bool TryGetHeader(string name, [NotNullWhen(true)] out string? value)
        {
            value = null;
            return false;
        }

        protected override bool TryGetHeaderValues(string name, [NotNullWhen(true)] out IEnumerable<string>? values)
        {
            values = null;
            return false;
        }
    }
}
