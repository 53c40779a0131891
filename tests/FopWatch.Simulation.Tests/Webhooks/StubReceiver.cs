using System.Collections.Concurrent;
using System.Net;

namespace FopWatch.Simulation.Tests.Webhooks;

/// <summary>Receives a webhook's requests and gives the configured answers.</summary>
internal sealed class StubReceiver : HttpMessageHandler
{
    private readonly ConcurrentQueue<string> _ids = new();
    private int _atOnce;

    /// <summary>The ids of the events in order of arrival, including refused ones.</summary>
    public IReadOnlyList<string> Ids => [.. _ids];

    /// <summary>Whether more than one was ever in flight.</summary>
    public bool WereTwoAtOnce { get; private set; }

    public Func<string, HttpResponseMessage> Answer { get; set; } = _ => new(HttpStatusCode.NoContent);

    /// <summary>The task that an answer waits for.</summary>
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
