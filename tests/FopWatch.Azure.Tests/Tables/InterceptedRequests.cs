using System.Collections.Concurrent;
using System.Net;
using Azure.Data.Tables;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>The fate of a request.</summary>
internal enum Fate
{
    /// <summary>It is answered.</summary>
    Answered,

    /// <summary>The service executes it, and the connection breaks before the answer.</summary>
    AnswerLost,

    /// <summary>It never reaches the service.</summary>
    Unsent,

    /// <summary>The service is too busy: 503.</summary>
    Busy,

    /// <summary>The service throttles: 429.</summary>
    Throttled,

    /// <summary>The service fails: 500.</summary>
    Failed,

    /// <summary>The service executes it, and answers that it timed out: 500.</summary>
    DoneAndFailed,
}

/// <summary>Sits between a client and the service, counts requests, and makes them fail. It sees every attempt.</summary>
internal sealed class InterceptedRequests
{
    private readonly ConcurrentQueue<string> _requests = new();

    /// <summary>Decides the fate of the next request by its kind.</summary>
    public Func<string, Fate> Fates { get; set; } = _ => Fate.Answered;

    /// <summary>Runs between the loss of an answer and the next attempt.</summary>
    public Func<Task> WhenLost { get; set; } = () => Task.CompletedTask;

    /// <summary>The kinds of the requests, in order: <c>read</c>, <c>query</c>, <c>transaction</c>, <c>insert</c>, <c>put</c>, <c>delete</c>.</summary>
    public IReadOnlyList<string> Requests => [.. _requests];

    public void Between(TableClientOptions options) => options.Transport = ServiceAnswers.Transport(new Handler(this));

    /// <summary>Gives the first request of a kind this fate; the others are answered.</summary>
    public void Once(string kind, Fate fate)
    {
        var left = 1;
        Fates = request => request == kind && Interlocked.Decrement(ref left) == 0 ? fate : Fate.Answered;
    }

    /// <summary>Returns the number of requests so far, and resets it.</summary>
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
