using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FopWatch.Simulator;

/// <summary>
/// A media-processing provider on a free loopback port. It answers status queries about submitted jobs and sends notifications over HTTP,
/// with the faults in each job's <see cref="FaultPlan"/>.
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

    /// <summary>Counts of requests and answers so far.</summary>
    public SimulatorCounters Counters { get; } = new();

    /// <summary>When the next action is due by the injected clock; null if none is due until another job is submitted.</summary>
    public DateTimeOffset? NextDueAt => _queue.NextDue;

    /// <summary>Starts a provider.</summary>
    /// <param name="options">The options; null for the defaults.</param>
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
    /// <param name="notifyUrl">The URL for its notifications; null for no notifications.</param>
    /// <param name="cancellationToken">Cancels the submission, not the job.</param>
    /// <exception cref="InvalidOperationException">A job with this id was already submitted.</exception>
    public Task SubmitAsync(SimulatedJob job, Uri? notifyUrl, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        cancellationToken.ThrowIfCancellationRequested();
        var submission = new Submission(job, notifyUrl, _options.Clock.GetUtcNow());
        if (!_statusApi.TryAdd(submission))
            throw new InvalidOperationException($"The job {job.Id} was already submitted.");
        _notifying[job.Id] = _notifier.NotifyAsync(submission);
        return Task.CompletedTask;
    }

    /// <summary>Accepts a file, starts its processing, if any, and calls back before it answers the uploader.</summary>
    /// <param name="upload">The file.</param>
    /// <param name="policy">The upload policy of the application.</param>
    /// <param name="job">The processing requested by the policy; null for none.</param>
    /// <param name="cancellationToken">Cancels the upload, not the job.</param>
    /// <returns>The answer to the uploader.</returns>
    public async Task<UploadAnswer> UploadAsync(Upload upload, UploadPolicy policy, SimulatedJob? job, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(upload);
        ArgumentNullException.ThrowIfNull(policy);
        if (job is not null)
            await SubmitAsync(job, policy.PersistentNotifyUrl, cancellationToken);
        return await _uploader.CallBackAsync(policy, upload, job?.Id, cancellationToken);
    }

    /// <summary>Waits until nothing more will be sent before the injected clock advances. Status answers do not count.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task IdleAsync(CancellationToken cancellationToken = default) => _queue.IdleAsync().WaitAsync(cancellationToken);

    /// <summary>
    /// Waits until all jobs submitted so far have ended, and all their notifications were accepted or abandoned. The wait per job is
    /// limited by its processing time, its lateness and <see cref="SimulatorOptions.RetryBudget"/>, by the injected clock.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task WhenAllSentAsync(CancellationToken cancellationToken = default) => Task.WhenAll(_notifying.Values).WaitAsync(cancellationToken);

    /// <summary>Stops at once. Pending notifications are not sent.</summary>
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
            // Pending notifications are dropped.
        }

        await _web.DisposeAsync();
        _notifier.Dispose();
        _uploader.Dispose();
        _stopping.Dispose();
    }

    /// <summary>A bare server without configuration, logs or routes.</summary>
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

    /// <summary>Leaves the process's signals to the program that runs the simulator.</summary>
    private sealed class OwnersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
