using Azure.Data.Tables;
using FopWatch.Azure.ServiceBus;
using FopWatch.Azure.Tests;
using FopWatch.Functions.Watching;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Settings;
using FopWatch.Watching;
using Grpc.Core;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Tests;

/// <summary>The real orchestrator, activity and services over Azurite, in the in-process test host of Durable Task.</summary>
internal sealed class WatchHost : IAsyncDisposable
{
    public const string SourceName = "media";

    private readonly ServiceProvider _services;
    private readonly TableServiceClient _tables;
    private readonly string _table;
    private DurableTaskTestHost _durable = null!;
    private int _generations;

    private WatchHost(ServiceProvider services, TableServiceClient tables, string table, StatusStub provider, TestTime time)
    {
        (_services, _tables, _table) = (services, tables, table);
        (Provider, Time) = (provider, time);
    }

    public StatusStub Provider { get; }

    public TestTime Time { get; }

    public DurableTaskClient Client { get; private set; } = null!;

    /// <summary>How often watches have begun with an empty history.</summary>
    public int Generations => Volatile.Read(ref _generations);

    public JobRecorder Recorder => _services.GetRequiredService<JobRecorder>();

    public Poller Poller => _services.GetRequiredService<Poller>();

    public Source Source => _services.GetRequiredService<Sources>().Find(SourceName)!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <param name="azurite">Where the store is.</param>
    /// <param name="time">The app's clock.</param>
    /// <param name="settings">Settings of the source's polls, by name.</param>
    public static async Task<WatchHost> StartAsync(Azurite azurite, TestTime time, params (string Name, string Value)[] settings)
    {
        var provider = await StatusStub.StartAsync();
        var shared = new Dictionary<string, string?>
        {
            [$"Sources:{SourceName}:Provider"] = "Qiniu",
            [$"Sources:{SourceName}:StatusEndpoint"] = provider.Endpoint.AbsoluteUri,
            [$"Sources:{SourceName}:NotifyTokens:0"] = "right-token",
            [$"Sources:{SourceName}:Poll:PerSecond"] = "10000",
        };
        foreach (var (name, value) in settings)
            shared[$"Sources:{SourceName}:Poll:{name}"] = value;

        var cloud = new CloudSettings
        {
            Shared = FopWatchSettings.Read(shared),
            Tables = azurite.Client(),
            Table = new() { TableName = $"t{Guid.NewGuid():N}", Buckets = 2 },
            ServiceBus = null,
            Topic = ServiceBusPublisherOptions.DefaultTopicName,
            Retention = TimeSpan.FromDays(30),
        };
        var store = await Composition.OpenStoreAsync(cloud, time, Cancelled);
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddFopWatch(cloud, store, time);
        services.AddSingleton<PollJob>();
        services.AddSingleton<StartDueWatches>();

        var host = new WatchHost(services.BuildServiceProvider(), cloud.Tables, cloud.Table.TableName, provider, time);
        host._durable = await DurableTaskTestHost.StartAsync(
            tasks =>
            {
                tasks.AddOrchestratorFunc<WatchInput>(WatchJob.Name, async (context, _) =>
                {
                    if (!context.IsReplaying)
                        Interlocked.Increment(ref host._generations);
                    await WatchJob.RunAsync(context);
                });
                tasks.AddActivityFunc<WatchInput, WatchStep>(PollJob.Name, (_, input) => host.PollAsync(input));
            },
            cancellationToken: Cancelled);
        host.Client = new HostLikeClient(host._durable.Client);
        host._services.GetRequiredService<Watches>().Use(host.Client);
        return host;
    }

    public Task<Job> RegisterAsync(string id) => Recorder.RegisterAsync(Source, id, Job.NoMetadata, null, Cancelled);

    public async Task<Job> JobAsync(string id) =>
        (await _services.GetRequiredService<IJobStore>().FindAsync(new(SourceName, id), Cancelled))!.Job;

    public Task<OrchestrationMetadata?> InstanceAsync(string id) =>
        Client.GetInstanceAsync(WatchJob.InstanceIdOf(new(SourceName, id)), getInputsAndOutputs: true, Cancelled);

    /// <summary>What the timer does each minute.</summary>
    public Task StartDueAsync() => _services.GetRequiredService<StartDueWatches>().RunAsync(Cancelled);

    public Task<OrchestrationMetadata> EndedAsync(string id) =>
        Client.WaitForInstanceCompletionAsync(WatchJob.InstanceIdOf(new(SourceName, id)), Cancelled);

    /// <summary>Waits until the watch sleeps until a time after the one that is given.</summary>
    public async Task AsleepAsync(string id, Func<WatchStep, bool> asWanted)
    {
        while (true)
        {
            if (await InstanceAsync(id) is { RuntimeStatus: OrchestrationRuntimeStatus.Running, SerializedCustomStatus: not null } instance
                && instance.ReadCustomStatusAs<WatchStep>() is { } step
                && asWanted(step))
            {
                return;
            }

            await Task.Delay(10, Cancelled);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _durable.DisposeAsync();
        await _services.DisposeAsync();
        await Provider.DisposeAsync();
        await _tables.DeleteTableAsync(_table, CancellationToken.None);
    }

    private async Task<WatchStep> PollAsync(WatchInput input)
    {
        // A clock that jumps is a clock by which every timer that fires, fires when it should.
        if (Time.Jumps && (await JobAsync(input.Id)).Watch.DueAt is { } due)
            Time.AdvanceTo(due);
        return await _services.GetRequiredService<PollJob>().RunAsync(input, Cancelled);
    }

    /// <summary>
    /// Refuses to start an instance that runs (<c>overridableExistingInstanceStates</c>) and to end one that does not, as the Functions host
    /// does and the in-process test host does not.
    /// </summary>
    private sealed class HostLikeClient(DurableTaskClient inner) : DurableTaskClient(inner.Name)
    {
        public override async Task<string> ScheduleNewOrchestrationInstanceAsync(
            TaskName orchestratorName, object? input = null, StartOrchestrationOptions? options = null, CancellationToken cancellation = default)
        {
            if (await inner.GetInstanceAsync(options!.InstanceId!, cancellation) is { IsCompleted: false })
                throw new RpcException(new Status(StatusCode.AlreadyExists, "It runs."));
            return await inner.ScheduleNewOrchestrationInstanceAsync(orchestratorName, input, options, cancellation);
        }

        public override Task RaiseEventAsync(string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default) =>
            inner.RaiseEventAsync(instanceId, eventName, eventPayload, cancellation);

        public override Task<OrchestrationMetadata> WaitForInstanceStartAsync(
            string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
            inner.WaitForInstanceStartAsync(instanceId, getInputsAndOutputs, cancellation);

        public override Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(
            string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
            inner.WaitForInstanceCompletionAsync(instanceId, getInputsAndOutputs, cancellation);

        public override async Task TerminateInstanceAsync(
            string instanceId, TerminateInstanceOptions? options = null, CancellationToken cancellation = default)
        {
            if (await inner.GetInstanceAsync(instanceId, cancellation) is not { IsCompleted: false })
                throw new RpcException(new Status(StatusCode.NotFound, "It does not run."));
            await inner.TerminateInstanceAsync(instanceId, options, cancellation);
        }

        public override Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
            inner.SuspendInstanceAsync(instanceId, reason, cancellation);

        public override Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) =>
            inner.ResumeInstanceAsync(instanceId, reason, cancellation);

        public override Task<OrchestrationMetadata?> GetInstancesAsync(
            string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
            inner.GetInstancesAsync(instanceId, getInputsAndOutputs, cancellation);

        public override AsyncPageable<OrchestrationMetadata> GetAllInstancesAsync(OrchestrationQuery? filter = null) => inner.GetAllInstancesAsync(filter);

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

/// <summary>
/// The app's clock. Timers of orchestrations go by the real one; so a clock that jumps is set far enough back for every timer to
/// be past when it is set, and weeks of polls take seconds.
/// </summary>
internal sealed class TestTime : TimeProvider
{
    private long _offset;

    private TestTime(TimeSpan offset, bool jumps) => (_offset, Jumps) = (offset.Ticks, jumps);

    public bool Jumps { get; }

    public static TestTime Real() => new(TimeSpan.Zero, jumps: false);

    public static TestTime Jumping() => new(TimeSpan.FromDays(-60), jumps: true);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _offset));

    public void AdvanceTo(DateTimeOffset time)
    {
        if (time - GetUtcNow() is { Ticks: > 0 } ahead)
            Interlocked.Add(ref _offset, ahead.Ticks);
    }
}
