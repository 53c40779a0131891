using System.Collections.Concurrent;
using System.Net;
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

    /// <summary>The service fails: 500.</summary>
    Failed,

    /// <summary>The service does as it is told and answers that it did not get done in time: 500.</summary>
    DoneAndFailed,
}

/// <summary>Stands between a client and the service: counts requests, and lets them fail. It sees every try.</summary>
internal sealed class InterceptedRequests
{
    private readonly ConcurrentQueue<string> _requests = new();

    /// <summary>Decides about the next request, given what it is.</summary>
    public Func<string, Fate> Fates { get; set; } = _ => Fate.Answered;

    /// <summary>What happens between the loss of an answer and the next try.</summary>
    public Func<Task> WhenLost { get; set; } = () => Task.CompletedTask;

    /// <summary>What was asked of the service, in order: <c>read</c>, <c>query</c>, <c>transaction</c>, <c>insert</c>, <c>put</c>, <c>delete</c>.</summary>
    public IReadOnlyList<string> Requests => [.. _requests];

    public void Between(TableClientOptions options) => options.Transport = ServiceAnswers.Transport(new Handler(this));

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

    private static string KindOf(HttpRequestMessage request)
    {
        var path = request.RequestUri!.AbsolutePath;
        return request.Method.Method switch
        {
            "GET" => path.Contains("PartitionKey=", StringComparison.Ordinal) ? "read" : "query",
            "POST" => path.EndsWith("$batch", StringComparison.Ordinal) ? "transaction" : "insert",
            "DELETE" => "delete",
            _ => "put",
        };
    }

    private sealed class Handler(InterceptedRequests wire) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var kind = KindOf(request);
            wire._requests.Enqueue(kind);
            switch (wire.Fates(kind))
            {
                case Fate.Unsent:
                    throw new IOException("The connection broke before the request was sent.");
                case Fate.Busy:
                    return Refusal(HttpStatusCode.ServiceUnavailable, "ServerBusy");
                case Fate.Throttled:
                    return Refusal(HttpStatusCode.TooManyRequests, "TooManyRequests");
                case Fate.Failed:
                    return Refusal(HttpStatusCode.InternalServerError, "InternalError");
                case Fate.DoneAndFailed:
                    await base.SendAsync(request, cancellationToken);
                    return Refusal(HttpStatusCode.InternalServerError, "OperationTimedOut");
                case Fate.AnswerLost:
                    await base.SendAsync(request, cancellationToken);
                    await wire.WhenLost();
                    throw new IOException("The connection broke before the answer came.");
                default:
                    return await base.SendAsync(request, cancellationToken);
            }

            HttpResponseMessage Refusal(HttpStatusCode status, string code) => ServiceAnswers.Refusal(kind == "transaction", status, code);
        }
    }
}
