using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>A FopWatch host, embedded or in the cloud, by its HTTP API. Safe for several threads.</summary>
/// <remarks>
/// <para>
/// Every method throws <see cref="FopWatchRefusedException"/> where the host refuses (a wrong key, parameter or state), and
/// <see cref="FopWatchUnreachableException"/> where it does not answer, cannot do it now, or is not FopWatch, after the repetitions that
/// <see cref="FopWatchClientOptions.RetryFor"/> allows. Repeated are calls that may be made twice; the others only where the host said that it did not do them.
/// </para>
/// <para>No redirect is followed, so that a key is sent to nobody but the host.</para>
/// </remarks>
public interface IFopWatchClient
{
    /// <summary>Registers a job. Registering it again is safe: it adds metadata, and resumes a stopped or expired job.</summary>
    /// <param name="registration">The job.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The registered job.</returns>
    /// <exception cref="FopWatchRefusedException">The registration is wrong: it would be refused again.</exception>
    /// <exception cref="FopWatchUnreachableException">Whether the job was registered is not known: register it again.</exception>
    Task<RegisteredJob> RegisterAsync(JobRegistration registration, CancellationToken cancellationToken = default);

    /// <summary>Registers any number of jobs, up to 1000 with a request. What is wrong with one keeps no other from being registered.</summary>
    /// <param name="registrations">The jobs.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>What became of each, in the order of <paramref name="registrations"/>.</returns>
    /// <exception cref="FopWatchRefusedException">The host refused the caller, not a registration.</exception>
    /// <exception cref="FopWatchUnreachableException">Some may have been registered: register all again.</exception>
    Task<IReadOnlyList<RegistrationResult>> RegisterManyAsync(IReadOnlyList<JobRegistration> registrations, CancellationToken cancellationToken = default);

    /// <summary>Reads a job.</summary>
    /// <param name="source">The name of its source.</param>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The job; null if the host knows none of that source and id.</returns>
    Task<WatchedJob?> GetAsync(string source, string id, CancellationToken cancellationToken = default);

    /// <summary>
    /// Waits until a job has an outcome, for as long as it takes: over answers 503, cut connections and restarts of the host too. An outcome
    /// <see cref="JobState.Expired"/> may be superseded later.
    /// </summary>
    /// <param name="source">The name of its source.</param>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Ends the wait with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>The settled job.</returns>
    /// <exception cref="FopWatchRefusedException">The host refused: it knows no such job (404), for example.</exception>
    /// <exception cref="FopWatchUnreachableException">What answers is out of order or not FopWatch.</exception>
    Task<WatchedJob> WaitAsync(string source, string id, CancellationToken cancellationToken = default);

    /// <summary>Lists jobs, newest first, page by page as they are read.</summary>
    /// <remarks>It leaves out jobs that the host cannot read from its store; <see cref="ListPageAsync"/> names them.</remarks>
    /// <param name="filter">Which jobs; null for all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    IAsyncEnumerable<WatchedJob> ListAsync(JobFilter? filter = null, CancellationToken cancellationToken = default);

    /// <summary>Reads one page of the list of jobs.</summary>
    /// <param name="filter">Which jobs; null for all.</param>
    /// <param name="top">The most jobs, from 1 to 1000.</param>
    /// <param name="continuation">What the page before answered; null for the first.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task<JobPage> ListPageAsync(JobFilter? filter = null, int top = 100, string? continuation = null, CancellationToken cancellationToken = default);

    /// <summary>Counts jobs, up to 100 000.</summary>
    /// <param name="filter">Which jobs; null for all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task<JobCount> CountAsync(JobFilter? filter = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Follows the events of an embedded host without end, opening the stream again where it breaks off, so that none is missed. Events come at least
    /// once, and may overtake each other.
    /// </summary>
    /// <param name="after">
    /// The <see cref="EventStreamItem.Cursor"/> of the last item that was dealt with; <c>0</c> for all events that the host still has; null for what happens
    /// from now on.
    /// </param>
    /// <param name="source">Only the events of this source; null for all.</param>
    /// <param name="cancellationToken">Ends it with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="FopWatchRefusedException">The host refused, and would again. A cloud host has no stream (404): it publishes to Service Bus.</exception>
    IAsyncEnumerable<EventStreamItem> EventsAsync(string? after = null, string? source = null, CancellationToken cancellationToken = default);

    /// <summary>Reads the provider's report of a job, in its own words and with secrets redacted.</summary>
    /// <param name="source">The name of its source.</param>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The report; null if there is no such job, or no report of it is kept.</returns>
    Task<JobBody?> BodyAsync(string source, string id, CancellationToken cancellationToken = default);

    /// <summary>Has the provider asked about a job now.</summary>
    /// <param name="source">The name of its source.</param>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The job afterwards, and what the provider answered.</returns>
    Task<PolledJob> PollAsync(string source, string id, CancellationToken cancellationToken = default);

    /// <summary>Publishes the outcome of a job again, as a new version.</summary>
    /// <param name="source">The name of its source.</param>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="FopWatchRefusedException">There is no such job (404), or nothing to publish of it (409).</exception>
    Task<WatchedJob> RepublishAsync(string source, string id, CancellationToken cancellationToken = default);

    /// <summary>Stops watching a job. It stays, and a notification still settles it.</summary>
    /// <param name="source">The name of its source.</param>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task<WatchedJob> StopAsync(string source, string id, CancellationToken cancellationToken = default);

    /// <summary>Counts the jobs that a bulk request is for. Nothing is done.</summary>
    /// <param name="action">What is to be done.</param>
    /// <param name="filter">Which jobs; at least one filter.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The count, and as <see cref="BulkAnswer.Confirm"/> what to give to <see cref="RunBulkAsync"/>.</returns>
    Task<BulkAnswer> CountBulkAsync(BulkAction action, JobFilter filter, CancellationToken cancellationToken = default);

    /// <summary>Does something with all jobs that pass filters, once their count is confirmed.</summary>
    /// <param name="action">What is to be done.</param>
    /// <param name="filter">The filter that was counted.</param>
    /// <param name="confirm">The <see cref="BulkAnswer.Confirm"/> of <see cref="CountBulkAsync"/>.</param>
    /// <param name="progress">Is told every 20 seconds how far it is; null for nobody.</param>
    /// <param name="cancellationToken">Cancels. What was done stays done.</param>
    /// <returns>What it came to.</returns>
    /// <exception cref="FopWatchRefusedException">The count is another now (409): nothing was done.</exception>
    /// <exception cref="FopWatchUnreachableException">Some may have been done: count again.</exception>
    Task<BulkAnswer> RunBulkAsync(
        BulkAction action, JobFilter filter, string confirm, IProgress<BulkAnswer>? progress = null, CancellationToken cancellationToken = default);

    /// <summary>Reads the status of the sources, and what happened in the last hours.</summary>
    /// <param name="source">Only of this source; null for all.</param>
    /// <param name="hours">How many hours, the current one included.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task<Overview> OverviewAsync(string? source = null, int hours = 24, CancellationToken cancellationToken = default);

    /// <summary>Reads by which plans jobs are polled.</summary>
    /// <param name="source">Only of this source; null for all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task<PlanReport> PlanAsync(string? source = null, CancellationToken cancellationToken = default);

    /// <summary>Lists what is in quarantine, newest first, page by page as it is read.</summary>
    /// <param name="source">Only what came to this source's notify URL; null for all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    IAsyncEnumerable<QuarantinedNotification> ListQuarantineAsync(string? source = null, CancellationToken cancellationToken = default);

    /// <summary>Reads one page of what is in quarantine.</summary>
    /// <param name="source">Only what came to this source's notify URL; null for all.</param>
    /// <param name="top">The most notifications, from 1 to 100.</param>
    /// <param name="continuation">What the page before answered; null for the first.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task<QuarantinePage> ListQuarantinePageAsync(
        string? source = null, int top = 20, string? continuation = null, CancellationToken cancellationToken = default);

    /// <summary>Reads a quarantined notification.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The notification; null if nothing of that key is in quarantine.</returns>
    Task<QuarantinedNotification?> GetQuarantinedAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Takes a quarantined notification again, with the host's current keys and decoders.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>What became of it; null if nothing of that key is in quarantine.</returns>
    Task<RetriedNotification?> RetryQuarantinedAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Throws a quarantined notification away. There may be none of that key.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task DeleteQuarantinedAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Counts the quarantined notifications that would be taken again. Nothing is done.</summary>
    /// <param name="source">Only what came to this source's notify URL; null for all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The count, and as <see cref="BulkAnswer.Confirm"/> what to give to <see cref="RunQuarantineRetryAsync"/>.</returns>
    Task<BulkAnswer> CountQuarantineRetryAsync(string? source = null, CancellationToken cancellationToken = default);

    /// <summary>Takes all quarantined notifications again, once their count is confirmed.</summary>
    /// <param name="source">The source that was counted.</param>
    /// <param name="confirm">The <see cref="BulkAnswer.Confirm"/> of <see cref="CountQuarantineRetryAsync"/>.</param>
    /// <param name="progress">Is told every 20 seconds how far it is, with what became of each notification since; null for nobody.</param>
    /// <param name="cancellationToken">Cancels. What was done stays done.</param>
    /// <returns>What it came to.</returns>
    /// <exception cref="FopWatchRefusedException">The count is another now (409): nothing was done.</exception>
    /// <exception cref="FopWatchUnreachableException">Some may have been done: count again.</exception>
    Task<BulkAnswer> RunQuarantineRetryAsync(
        string? source, string confirm, IProgress<BulkAnswer>? progress = null, CancellationToken cancellationToken = default);

    /// <summary>Counts the quarantined notifications that would be thrown away. Nothing is done.</summary>
    /// <param name="source">Only what came to this source's notify URL; null for all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The count, and as <see cref="BulkAnswer.Confirm"/> what to give to <see cref="RunQuarantineDeleteAsync"/>.</returns>
    Task<BulkAnswer> CountQuarantineDeleteAsync(string? source = null, CancellationToken cancellationToken = default);

    /// <summary>Throws all quarantined notifications away, once their count is confirmed. Those that arrive after the count stay.</summary>
    /// <param name="source">The source that was counted.</param>
    /// <param name="confirm">The <see cref="BulkAnswer.Confirm"/> of <see cref="CountQuarantineDeleteAsync"/>.</param>
    /// <param name="progress">Is told every 20 seconds how far it is; null for nobody.</param>
    /// <param name="cancellationToken">Cancels. What was done stays done.</param>
    /// <returns>What it came to.</returns>
    /// <exception cref="FopWatchRefusedException">The count is another now (409): nothing was done.</exception>
    /// <exception cref="FopWatchUnreachableException">Some may have been done: count again.</exception>
    Task<BulkAnswer> RunQuarantineDeleteAsync(
        string? source, string confirm, IProgress<BulkAnswer>? progress = null, CancellationToken cancellationToken = default);

    /// <summary>Examines the installation: settings, status APIs, notify URLs, stores, and what the last day's traffic says.</summary>
    /// <param name="cancellationToken">Cancels.</param>
    Task<DoctorReport> ExamineAsync(CancellationToken cancellationToken = default);

    /// <summary>Lists the webhooks of an embedded host, in the order of their names.</summary>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="FopWatchRefusedException">A cloud host has no webhooks (404), or the key does not see all sources (403).</exception>
    Task<IReadOnlyList<WebhookStatus>> ListWebhooksAsync(CancellationToken cancellationToken = default);

    /// <summary>Reads a webhook.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The webhook; null if the host has none of that name.</returns>
    Task<WebhookStatus?> GetWebhookAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Lists the last attempts of a webhook, newest first.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="top">The most attempts, from 1 to 300.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The attempts; null if the host has no webhook of that name.</returns>
    Task<IReadOnlyList<WebhookDelivery>?> ListDeliveriesAsync(string name, int top = 50, CancellationToken cancellationToken = default);

    /// <summary>Pauses a webhook until it is resumed. An event that is on its way may still be delivered.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The webhook; null if the host has none of that name.</returns>
    Task<WebhookStatus?> PauseWebhookAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Has a webhook go on at once, whether it is paused or its attempts fail.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The webhook; null if the host has none of that name.</returns>
    Task<WebhookStatus?> ResumeWebhookAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Has a webhook send again all events after a place of the event log.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="from">The place: 0 is the beginning of the log. The <see cref="EventStreamItem.Cursor"/> of an event is taken, too.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The webhook; null if the host has none of that name.</returns>
    Task<WebhookStatus?> ReplayWebhookAsync(string name, string from, CancellationToken cancellationToken = default);

    /// <summary>Has a webhook send again all events from the first that is not older than a time.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="since">The time.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The webhook; null if the host has none of that name.</returns>
    Task<WebhookStatus?> ReplayWebhookSinceAsync(string name, DateTimeOffset since, CancellationToken cancellationToken = default);

    /// <summary>Sends one signed test event to the receiver of a webhook. It changes nothing.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>What came of it; null if the host has no webhook of that name.</returns>
    Task<WebhookTest?> TestWebhookAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Reads what the caller may see and do, and which host it is.</summary>
    /// <param name="cancellationToken">Cancels.</param>
    Task<CallerProfile> MeAsync(CancellationToken cancellationToken = default);

    /// <summary>The URL of a job at the host.</summary>
    /// <param name="source">The name of its source.</param>
    /// <param name="id">Its id.</param>
    Uri UrlOf(string source, string id);
}
