using System.Text.Json;

namespace FopWatch.Simulator.Tests;

/// <summary>A provider, a receiver and a client with a shared manual clock.</summary>
internal sealed class SimulatorFixture : IAsyncDisposable
{
    public static readonly SigningKey QiniuKey = new("qiniu-ak", "qiniu-sk");
    public static readonly SigningKey WangsuKey = new("wangsu-ak", "wangsu-sk");

    private SimulatorFixture(ManualTimeProvider clock, SimulatedProvider provider, Receiver receiver)
    {
        (Clock, Provider, Receiver) = (clock, provider, receiver);
        Client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { BaseAddress = provider.StatusEndpoint };
    }

    public ManualTimeProvider Clock { get; }

    public SimulatedProvider Provider { get; }

    public Receiver Receiver { get; }

    public HttpClient Client { get; }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static async Task<SimulatorFixture> StartAsync(Func<int, int>? status = null, Func<SimulatorOptions, SimulatorOptions>? configure = null)
    {
        var clock = new ManualTimeProvider();
        var options = new SimulatorOptions { Clock = clock, QiniuKeys = [QiniuKey], WangsuKeys = [WangsuKey] };
        var provider = await SimulatedProvider.StartAsync(configure?.Invoke(options) ?? options, Cancelled);
        return new(clock, provider, await Receiver.StartAsync(clock, status));
    }

    /// <summary>Submits a job with its notifications to the receiver.</summary>
    public Task SubmitAsync(SimulatedJob job) => Provider.SubmitAsync(job, Receiver.Url, Cancelled);

    /// <summary>Advances the time, event by event, until nothing more happens.</summary>
    public async Task PlayToEndAsync()
    {
        while (true)
        {
            await Provider.IdleAsync(Cancelled);
            if (Provider.NextDueAt is not { } next)
                break;
            Clock.AdvanceTo(next);
        }

        await Provider.WhenAllSentAsync(Cancelled);
    }

    /// <summary>Submits a job and advances the time until nothing more happens.</summary>
    public async Task PlayAsync(SimulatedJob job)
    {
        await SubmitAsync(job);
        await PlayToEndAsync();
    }

    public Task<HttpResponseMessage> AskAsync(SimulatedJob job) => AskAsync(Question(job), job.Shape == BodyShape.QiniuWorkflowV3 ? QiniuKey : null);

    public async Task<HttpResponseMessage> AskAsync(Uri question, SigningKey? key)
    {
        const string Form = "application/x-www-form-urlencoded";
        using var request = new HttpRequestMessage(HttpMethod.Get, question);
        if (key is not null)
        {
            request.Content = new ByteArrayContent([]) { Headers = { ContentType = new(Form) } };
            request.Headers.TryAddWithoutValidation(
                "Authorization", Signer.Qiniu(key.AccessKey, key.SecretKey, new(Provider.StatusEndpoint, question), Form, [], method: "GET"));
        }

        return await Client.SendAsync(request, Cancelled);
    }

    public async Task<JsonElement> StatusAsync(SimulatedJob job)
    {
        using var response = await AskAsync(job);
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancelled)).RootElement;
    }

    public static Uri Question(SimulatedJob job) => new(
        job.Shape switch
        {
            BodyShape.WangsuFmgr => $"/fmgr/status?persistentId={job.Id}",
            BodyShape.QiniuWorkflowV3 => $"/v3/task/status/{job.Id}",
            BodyShape.WangsuFops => $"/status/get/prefop?persistentId={job.Id}",
            _ => $"/status/get/prefop?id={job.Id}",
        },
        UriKind.Relative);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Provider.DisposeAsync();
        await Receiver.DisposeAsync();
    }
}
