using System.Collections.Concurrent;
using System.Net;

namespace FopWatch.Simulation.Tests.Webhooks;

/// <summary>Takes what a webhook sends, and answers as it is told.</summary>
internal sealed class StubReceiver : HttpMessageHandler
{
    private readonly ConcurrentQueue<string> _ids = new();
    private int _atOnce;

    /// <summary>The ids of the events in the order in which they came, those that were not taken included.</summary>
    public IReadOnlyList<string> Ids => [.. _ids];

    /// <summary>Whether ever more than one was on its way.</summary>
    public bool WereTwoAtOnce { get; private set; }

    /// <summary>The answer to an event.</summary>
    public Func<string, HttpResponseMessage> Answer { get; set; } = _ => new(HttpStatusCode.NoContent);

    /// <summary>What an answer waits for.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        WereTwoAtOnce |= Interlocked.Increment(ref _atOnce) > 1;
        try
        {
            var id = request.Headers.GetValues("webhook-id").Single();
            _ids.Enqueue(id);
            await Gate.WaitAsync(cancellationToken);
            return Answer(id);
        }
        finally
        {
            Interlocked.Decrement(ref _atOnce);
        }
    }
}
