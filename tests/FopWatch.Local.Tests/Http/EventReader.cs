using System.Net.ServerSentEvents;
using System.Text.Json;
using FopWatch.Contracts;

namespace FopWatch.Local.Tests.Http;

/// <summary>Reads the event stream of a running host.</summary>
internal sealed class EventReader : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly IAsyncEnumerator<SseItem<JobEvent>> _events;
    private readonly CancellationTokenSource _timeout;

    private EventReader(HttpResponseMessage response, Stream stream, CancellationTokenSource timeout)
    {
        (_response, _timeout) = (response, timeout);
        _events = SseParser
            .Create(stream, (type, data) => type is JobEvent.SettledType or JobEvent.ProgressedType or JobEvent.OverdueType
                ? JsonSerializer.Deserialize(data, ContractsJson.Default.JobEvent)!
                : null!)
            .EnumerateAsync(timeout.Token)
            .GetAsyncEnumerator(timeout.Token);
    }

    public static async Task<EventReader> OpenAsync(RunningHost host, string? lastEventId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/events");
        if (lastEventId is not null)
            request.Headers.Add("Last-Event-ID", lastEventId);
        var response = await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        response.EnsureSuccessStatusCode();
        var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(20));
        return new(response, await response.Content.ReadAsStreamAsync(timeout.Token), timeout);
    }

    public async Task<SseItem<JobEvent>> NextAsync(Func<SseItem<JobEvent>, bool>? wanted = null)
    {
        while (await _events.MoveNextAsync())
        {
            if (wanted is null || wanted(_events.Current))
                return _events.Current;
        }

        throw new EndOfStreamException("The event stream ended.");
    }

    public async ValueTask DisposeAsync()
    {
        await _events.DisposeAsync();
        _response.Dispose();
        _timeout.Dispose();
    }
}
