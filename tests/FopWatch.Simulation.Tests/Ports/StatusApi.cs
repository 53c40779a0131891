using FopWatch.Providers;
using FopWatch.Simulation.Tests.Scheduling;
using FopWatch.Simulation.Tests.World;

namespace FopWatch.Simulation.Tests.Ports;

/// <summary>The status API as seen by one process lifetime: the real client with its pacing, over an unreliable network.</summary>
internal sealed class StatusApi : IStatusApi, IDisposable
{
    private readonly SimulatedWorld _world;
    private readonly ProcessLifetime _lifetime;
    private readonly HttpClient _http;
    private readonly StatusClient _client;

    // Polls that have not sent their first query yet, by id: the second query goes to the same provider's other API.
    private readonly Dictionary<string, int> _begun = new(StringComparer.Ordinal);

    public StatusApi(SimulatedWorld world, ProcessLifetime lifetime)
    {
        (_world, _lifetime) = (world, lifetime);
        _http = new(new Network(world, lifetime, Begins)) { Timeout = Timeout.InfiniteTimeSpan };
        _client = new(_http, lifetime.Clock);
    }

    public async Task<StatusAnswer> AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken)
    {
        await _world.Scheduler.TurnAsync(_lifetime);
        _begun[id] = _begun.GetValueOrDefault(id) + 1;
        var answer = await _client.AskAsync(source, id, isWorkflow, cancellationToken);

        // The answer may be outdated when it arrives.
        await _world.Scheduler.TurnAsync(_lifetime, _world.Faults.Delay(Call.Ask));
        _world.Trace(_lifetime.Name, "is answered", id, answer.Answer.ToString());
        return answer;
    }

    public void Dispose() => _http.Dispose();

    private bool Begins(string id)
    {
        var begun = _begun.GetValueOrDefault(id);
        _begun[id] = Math.Max(0, begun - 1);
        return begun > 0;
    }

    /// <summary>
    /// Answers immediately or never. The framework's client would wait on other threads, which would make the order of
    /// steps random.
    /// </summary>
    private sealed class Network(SimulatedWorld world, ProcessLifetime lifetime, Func<string, bool> begins) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var uri = request.RequestUri!;
            var ofWorkflows = uri.Query.Length == 0;
            var id = ofWorkflows ? uri.Segments[^1] : uri.Query[(uri.Query.IndexOf('=', StringComparison.Ordinal) + 1)..];
            var source = world.Scenario.Sources.First(one => uri
                == (ofWorkflows ? one.WorkflowEndpoint is { } endpoint ? one.Provider.Workflows?.StatusUri(endpoint, id) : null : one.Provider.StatusUri(one.StatusEndpoint, id)));
            world.Checker.Asked(lifetime, source, new(source.Name, id), begins(id));
            var fault = world.Faults.Next(Call.Ask);
            if (fault != Fault.None)
                world.Tally.Add(Call.Ask, fault);
            world.Trace(lifetime.Name, "asks", id, fault == Fault.None ? null : fault.ToString());
            switch (fault)
            {
                case Fault.CrashBefore or Fault.CrashAfter:
                    lifetime.End();
                    return new TaskCompletionSource<HttpResponseMessage>().Task;
                case Fault.Fails:
                    return Task.FromException<HttpResponseMessage>(new HttpRequestException(HttpRequestError.ConnectionError));
                case Fault.AnswerLost:
                    return Task.FromException<HttpResponseMessage>(new TaskCanceledException("No answer in time."));
            }

            try
            {
                return Task.FromResult(world.Provider.Answer(source, id, ofWorkflows ? request.Headers.Authorization?.ToString() ?? "" : null));
            }
            catch (TaskCanceledException hangs)
            {
                return Task.FromException<HttpResponseMessage>(hangs);
            }
        }
    }
}
