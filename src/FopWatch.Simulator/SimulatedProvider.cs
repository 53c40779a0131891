using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FopWatch.Simulator;

/// <summary>
/// A media-processing provider on a free loopback port: it answers questions about the jobs it is given, notifies of their
/// outcomes over HTTP, and does both as badly as each job's <see cref="FaultPlan"/> says.
/// </summary>
public sealed class SimulatedProvider : IAsyncDisposable
{
    private readonly SimulatorOptions _options;
    private readonly WebApplication _web;
    private readonly CancellationTokenSource _stopping;
    private readonly StatusApi _statusApi;
    private readonly DueQueue _queue;
    private readonly Notifier _notifier;
    private readonly Uploader _uploader;
    private readonly ConcurrentDictionary<string, Task> _notifying = new(StringComparer.Ordinal);
    private int _disposed;

    private SimulatedProvider(SimulatorOptions options)
    {
        _options = options;
        _stopping = new();
        _statusApi = new(options, Counters, _stopping.Token);
        _queue = new(options.Clock);
        _notifier = new(options, _queue, Counters);
        _uploader = new(options);
        _web = Web(_statusApi.AnswerAsync);
    }

    /// <summary>The base URL of all four status APIs.</summary>
    public Uri StatusEndpoint { get; private set; } = null!;

    /// <summary>What was sent and answered so far.</summary>
    public SimulatorCounters Counters { get; } = new();

    /// <summary>When something is to happen next by the injected clock; null if nothing is, until another job is submitted.</summary>
    public DateTimeOffset? NextDueAt => _queue.NextDue;

    /// <summary>Starts a provider.</summary>
    /// <param name="options">What it is given.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<SimulatedProvider> StartAsync(SimulatorOptions? options = null, CancellationToken cancellationToken = default)
    {
        var provider = new SimulatedProvider(options ?? new());
        try
        {
            await provider._web.StartAsync(cancellationToken);
            provider.StatusEndpoint = new(provider._web.Urls.Single());
            return provider;
        }
        catch
        {
            await provider.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a job now, by the injected clock.</summary>
    /// <param name="job">The job.</param>
    /// <param name="notifyUrl">Where its notifications go; null for no notifications at all.</param>
    /// <param name="cancellationToken">Cancels the submission, not the job.</param>
    /// <exception cref="InvalidOperationException">A job of this id was submitted before.</exception>
    public Task SubmitAsync(SimulatedJob job, Uri? notifyUrl, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        cancellationToken.ThrowIfCancellationRequested();
        var submission = new Submission(job, notifyUrl, _options.Clock.GetUtcNow());
        if (!_statusApi.TryAdd(submission))
            throw new InvalidOperationException($"The job {job.Id} was submitted before.");
        _notifying[job.Id] = _notifier.NotifyAsync(submission);
        return Task.CompletedTask;
    }

    /// <summary>Takes a file, starts its processing if there is any, and calls back before the uploader is answered.</summary>
    /// <param name="upload">The file.</param>
    /// <param name="policy">What the application has the provider do.</param>
    /// <param name="job">The processing that the policy asks for; null for none.</param>
    /// <param name="cancellationToken">Cancels the upload, not the job.</param>
    /// <returns>What the uploader is answered.</returns>
    public async Task<UploadAnswer> UploadAsync(Upload upload, UploadPolicy policy, SimulatedJob? job, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(upload);
        ArgumentNullException.ThrowIfNull(policy);
        if (job is not null)
            await SubmitAsync(job, policy.PersistentNotifyUrl, cancellationToken);
        return await _uploader.CallBackAsync(policy, upload, job?.Id, cancellationToken);
    }

    /// <summary>Waits until nothing more will be sent before the injected clock moves on. Status answers don't count.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task IdleAsync(CancellationToken cancellationToken = default) => _queue.IdleAsync().WaitAsync(cancellationToken);

    /// <summary>
    /// Waits until all jobs submitted so far are over and all their notifications are accepted or given up. Bounded, per job, by its
    /// length, its lateness and <see cref="SimulatorOptions.RetryBudget"/>, all by the injected clock.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task WhenAllSentAsync(CancellationToken cancellationToken = default) => Task.WhenAll(_notifying.Values).WaitAsync(cancellationToken);

    /// <summary>Stops at once, whatever is still to be sent.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 1)
            return;
        await _stopping.CancelAsync();
        _notifier.Stop();
        _queue.Dispose();
        try
        {
            await Task.WhenAll(_notifying.Values);
        }
        catch (OperationCanceledException)
        {
            // What was not sent by now never will be.
        }

        await _web.DisposeAsync();
        _notifier.Dispose();
        _uploader.Dispose();
        _stopping.Dispose();
    }

    /// <summary>A server and nothing else: no configuration, no logs, no routes.</summary>
    private static WebApplication Web(RequestDelegate answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton<IHostLifetime, OwnersLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        var web = builder.Build();
        web.Run(answer);
        return web;
    }

    /// <summary>Leaves the process's signals to whoever runs the simulator.</summary>
    private sealed class OwnersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
