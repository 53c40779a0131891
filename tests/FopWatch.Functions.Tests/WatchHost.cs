using System.Diagnostics;
using System.Text;
using Azure.Data.Tables;
using FopWatch.Azure.ServiceBus;
using FopWatch.Azure.Tables;
using FopWatch.Cloud;
using FopWatch.Functions.Upkeep;
using FopWatch.Functions.Watching;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Settings;
using FopWatch.Watching;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Client.Grpc;
using Microsoft.DurableTask.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Protobuf = Microsoft.DurableTask.Protobuf;

namespace FopWatch.Functions.Tests;

/// <summary>Starts the task hub for orchestrations.</summary>
internal delegate Task<(IAsyncDisposable Hub, DurableTaskClient Client)> StartHub(Action<DurableTaskRegistry> tasks, CancellationToken cancellationToken);

/// <summary>The real orchestrator, activity and services over Azurite, in the in-process test host of Durable Task.</summary>
internal sealed class WatchHost : IAsyncDisposable
{
    public const string SourceName = "media";

    private readonly ServiceProvider _services;
    private readonly TableServiceClient _tables;
    private readonly string _table;
    private readonly StatusStub? _provider;
    private IAsyncDisposable _durable = null!;
    private int _generations;

    private WatchHost(
        ServiceProvider services, TableServiceClient tables, string table, StatusStub? provider, TestTime time, CapturedLog log)
    {
        (_services, _tables, _table) = (services, tables, table);
        (_provider, Time, Log) = (provider, time, log);
    }

    /// <summary>The status API, if the host was started with its own.</summary>
    public StatusStub Provider => _provider!;

    public IServiceProvider Services => _services;

    public TestTime Time { get; }

    public CapturedLog Log { get; }

    public DurableTaskClient Client { get; private set; } = null!;

    /// <summary>How many times watches have started with an empty history.</summary>
    public int Generations => Volatile.Read(ref _generations);

    public JobRecorder Recorder => _services.GetRequiredService<JobRecorder>();

    public IOutbox Outbox => _services.GetRequiredService<IOutbox>();

    public Poller Poller => _services.GetRequiredService<Poller>();

    public Source Source => _services.GetRequiredService<Sources>().Find(SourceName)!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <param name="azurite">The storage.</param>
    /// <param name="time">The app's clock.</param>
    /// <param name="settings">Settings of the source's polls, by name.</param>
    public static Task<WatchHost> StartAsync(Azurite azurite, TestTime time, params (string Name, string Value)[] settings) =>
        StartAsync(azurite, time, InMemoryAsync, settings);

    /// <param name="azurite">The storage.</param>
    /// <param name="time">The app's clock.</param>
    /// <param name="hub">The task hub of the orchestrations.</param>
    /// <param name="settings">Settings of the source's polls, by name.</param>
    public static async Task<WatchHost> StartAsync(Azurite azurite, TestTime time, StartHub hub, params (string Name, string Value)[] settings)
    {
        var provider = await StatusStub.StartAsync();
        provider.Answer = (id, _) => (200, StatusStub.Processing(id));
        var shared = new Dictionary<string, string?>
        {
            [$"Sources:{SourceName}:Provider"] = "Qiniu",
            [$"Sources:{SourceName}:StatusEndpoint"] = provider.Endpoint.AbsoluteUri,
            [$"Sources:{SourceName}:NotifyTokens:0"] = "right-token",
            [$"Sources:{SourceName}:Trust"] = "Token",
            [$"Sources:{SourceName}:Poll:PerSecond"] = "10000",
        };
        foreach (var (name, value) in settings)
            shared[$"Sources:{SourceName}:Poll:{name}"] = value;
        return await StartAsync(azurite, time, FopWatchSettings.Read(shared), provider, hub);
    }

    /// <param name="azurite">The storage.</param>
    /// <param name="time">The app's clock.</param>
    /// <param name="settings">The app's settings.</param>
    public static Task<WatchHost> StartAsync(Azurite azurite, TestTime time, FopWatchSettings settings) =>
        StartAsync(azurite, time, settings, provider: null, InMemoryAsync);

    /// <param name="azurite">The storage.</param>
    /// <param name="time">The app's clock.</param>
    /// <param name="settings">The app's settings.</param>
    /// <param name="api">Answers in place of status APIs.</param>
    public static Task<WatchHost> StartAsync(Azurite azurite, TestTime time, FopWatchSettings settings, IStatusApi api) =>
        StartAsync(azurite, time, settings, provider: null, InMemoryAsync, api);

    private static async Task<WatchHost> StartAsync(
        Azurite azurite, TestTime time, FopWatchSettings settings, StatusStub? provider, StartHub hub, IStatusApi? api = null)
    {
        var cloud = new CloudSettings
        {
            Shared = settings,
            Tables = azurite.Client(),
            Table = new() { TableName = $"t{Guid.NewGuid():N}", Buckets = 2 },
            ServiceBus = null,
            Topic = ServiceBusPublisherOptions.DefaultTopicName,
        };
        var store = await TableStore.CreateAsync(cloud.Tables, cloud.Table, time, Cancelled);
        var services = new ServiceCollection();
        var log = new CapturedLog();
        services.AddLogging(logging => logging.AddProvider(log));
        services.AddSingleton(new DiagnosticListener("FopWatch.Functions.Tests"));
        services.AddFopWatch(cloud, _ => store, time);
        services.AddScoped<PollJob>();
        if (api is not null)
            services.AddSingleton(api);

        // A jump in the middle of a query would end the lease of the share that is being requested.
        if (time.Jumps)
            services.AddSingleton<IPollShares>(new PollShares(store.PollLeases, TimeProvider.System, Guid.NewGuid().ToString("N")));

        var host = new WatchHost(services.BuildServiceProvider(), cloud.Tables, cloud.Table.TableName, provider, time, log);
        (host._durable, host.Client) = await hub(
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
            Cancelled);
        host._services.GetRequiredService<InvocationClient>().Client = host.Client;
        return host;
    }

    /// <summary>Runs an action while the app's clock is ahead.</summary>
    public async Task WithClockAheadAsync(TimeSpan ahead, Func<Task> act)
    {
        Time.Shift(ahead);
        await act();
        Time.Shift(-ahead);
    }

    public Task<Job> RegisterAsync(string id) => Recorder.RegisterAsync(Source, id, Job.NoMetadata, null, Cancelled);

    /// <summary>The provider's notification that the job is done.</summary>
    public Task<NotificationResult> NotifyAsync(string id) => _services.GetRequiredService<NotificationIntake>().ReceiveAsync(
        Source, new() { Url = Provider.Endpoint, Body = Encoding.UTF8.GetBytes(StatusStub.Done(id)) }, null, Cancelled);

    public async Task<Job> JobAsync(string id) => (await FindAsync(id))!;

    public async Task<Job?> FindAsync(string id) =>
        (await _services.GetRequiredService<IJobStore>().FindAsync(new(SourceName, id), Cancelled))?.Job;

    public string InstanceIdOf(string id) => WatchJob.InstanceIdOf(_services.GetRequiredService<IJobStore>().References, new(SourceName, id));

    public Task<OrchestrationMetadata?> InstanceAsync(string id) =>
        Client.GetInstanceAsync(InstanceIdOf(id), getInputsAndOutputs: true, Cancelled);

    /// <summary>Runs the minutely timer.</summary>
    public Task StartDueAsync() => _services.GetRequiredService<WatchStarter>().StartDueAsync(Cancelled);

    /// <summary>Runs the minutely timer once a job is due.</summary>
    public async Task StartWhenDueAsync(string id)
    {
        Time.AdvanceTo((await JobAsync(id)).Watch.DueAt!.Value);
        await StartDueAsync();
    }

    /// <summary>Starts the watch of a job with an input of any version.</summary>
    public Task<string> ScheduleAsync(string id, object input) => Client.ScheduleNewOrchestrationInstanceAsync(
        WatchJob.Name, input, new StartOrchestrationOptions(InstanceIdOf(id)), Cancelled);

    /// <summary>Waits until a job is settled.</summary>
    public async Task SettledAsync(string id)
    {
        while (!(await JobAsync(id)).IsSettled)
            await Task.Delay(10, Cancelled);
    }

    /// <summary>Runs the hourly timer.</summary>
    public Task PurgeAsync() => _services.GetRequiredService<Purge>().RunAsync(new(), Client, Cancelled);

    public Task<OrchestrationMetadata> EndedAsync(string id) =>
        Client.WaitForInstanceCompletionAsync(InstanceIdOf(id), Cancelled);

    /// <summary>Waits until the watch sleeps until a later time than the given one.</summary>
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

    /// <summary>Simulates the loss of the store's account.</summary>
    public Task DropTableAsync() => _tables.DeleteTableAsync(_table, Cancelled);

    public async ValueTask DisposeAsync()
    {
        await _durable.DisposeAsync();
        await _services.DisposeAsync();
        if (_provider is not null)
            await _provider.DisposeAsync();
        await _tables.DeleteTableAsync(_table, CancellationToken.None);
    }

    private static Task<(IAsyncDisposable Hub, DurableTaskClient Client)> InMemoryAsync(
        Action<DurableTaskRegistry> tasks, CancellationToken cancellationToken) => InMemoryAsync(tasks, before: null, cancellationToken);

    /// <summary>Starts a hub in memory.</summary>
    /// <param name="tasks">The tasks that run in it.</param>
    /// <param name="before">Answers calls in its place; null for nothing.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<(IAsyncDisposable Hub, DurableTaskClient Client)> InMemoryAsync(
        Action<DurableTaskRegistry> tasks, Interceptor? before, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                var port = Loopback.FreePort();
                var hub = await DurableTaskTestHost.StartAsync(tasks, new() { Port = port }, cancellationToken);
                var wire = GrpcChannel.ForAddress($"http://127.0.0.1:{port}").Intercept(new HostLikeRefusals(hub.Client));
                if (before is not null)
                    wire = wire.Intercept(before);
                return (hub, new GrpcDurableTaskClient("", new() { CallInvoker = wire }, NullLogger.Instance));
            }
            catch (IOException) when (tries < 10)
            {
                // Another process was quicker to take the port.
            }
        }
    }

    private async Task<WatchStep> PollAsync(WatchInput input)
    {
        // A jumping clock moves to the due time whenever a timer fires.
        if (Time.Jumps && (await JobAsync(input.Id)).Watch.DueAt is { } due)
            Time.AdvanceTo(due);

        // Activities have no client.
        await using var scope = _services.CreateAsyncScope();
        var step = await scope.ServiceProvider.GetRequiredService<PollJob>().RunAsync(input, Cancelled);
        return Time.Jumps && step.Wait is not null ? step with { Wait = TimeSpan.Zero } : step;
    }

    /// <summary>
    /// Refuses to start a running instance (<c>overridableExistingInstanceStates</c>) and to end one that is not running, like the Functions host
    /// and unlike the in-process test host: on the wire, so that the client handles it like the host's answers.
    /// </summary>
    private sealed class HostLikeRefusals(DurableTaskClient hub) : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
            new(AnswerAsync(request, context, continuation), Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () => [], () => { });

        private async Task<TResponse> AnswerAsync<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
            where TRequest : class
            where TResponse : class
        {
            switch (request)
            {
                case Protobuf.CreateInstanceRequest start when await RunsAsync(start.InstanceId):
                    throw new RpcException(new Status(StatusCode.AlreadyExists, "It runs."));
                case Protobuf.TerminateRequest end when !await RunsAsync(end.InstanceId):
                    throw new RpcException(new Status(StatusCode.NotFound, "It does not run."));
            }

            using var call = continuation(request, context);
            return await call.ResponseAsync;
        }

        private async Task<bool> RunsAsync(string instanceId) =>
            await hub.GetInstanceAsync(instanceId, Cancelled) is { IsCompleted: false };
    }
}

/// <summary>
/// The app's clock. Timers of orchestrations use the real clock, so a jumping clock is set back far enough for every timer to
/// be past when it is set, and weeks of polls take seconds. A clock that stands still does not depend on the load of the machine.
/// </summary>
internal sealed class TestTime : TimeProvider
{
    private readonly (DateTimeOffset Time, long Timestamp)? _stands;
    private long _offset;

    private TestTime(TimeSpan offset, bool jumps, bool stands = false)
    {
        (_offset, Jumps) = (offset.Ticks, jumps);
        if (stands)
            _stands = (System.GetUtcNow(), System.GetTimestamp());
    }

    public bool Jumps { get; }

    public static TestTime Real() => new(TimeSpan.Zero, jumps: false);

    public static TestTime Jumping() => new(TimeSpan.FromDays(-60), jumps: true);

    /// <summary>Moves only when set.</summary>
    public static TestTime Standing() => new(TimeSpan.Zero, jumps: false, stands: true);

    public override DateTimeOffset GetUtcNow() => (_stands?.Time ?? System.GetUtcNow()) + TimeSpan.FromTicks(Volatile.Read(ref _offset));

    public override long GetTimestamp() =>
        (_stands?.Timestamp ?? System.GetTimestamp()) + (long)(TimeSpan.FromTicks(Volatile.Read(ref _offset)).TotalSeconds * TimestampFrequency);

    /// <summary>Sets the clock ahead, or back.</summary>
    public void Shift(TimeSpan by) => Interlocked.Add(ref _offset, by.Ticks);

    public void AdvanceTo(DateTimeOffset time)
    {
        if (time - GetUtcNow() is { Ticks: > 0 } ahead)
            Interlocked.Add(ref _offset, ahead.Ticks);
    }
}
