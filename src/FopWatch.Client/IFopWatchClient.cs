using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>A FopWatch host, embedded or in the cloud, through its HTTP API. Thread-safe.</summary>
/// <remarks>
/// <para>
/// Every method throws <see cref="FopWatchRefusedException"/> if the host refuses (a wrong key, parameter or state), and
/// <see cref="FopWatchUnreachableException"/> if it does not answer, is unavailable, or is not FopWatch, after the retries that
/// <see cref="FopWatchClientOptions.RetryFor"/> allows. Calls that are safe to repeat are retried. Others are retried only if the host said
/// that it did not execute them.
/// </para>
/// <para>Redirects are not followed, so that a key is sent only to the host.</para>
/// </remarks>
public interface IFopWatchClient
{
    /// <summary>Registers a job. Registering it again is safe: it merges metadata, and resumes a stopped or expired job.</summary>
    /// <param name="registration">The job.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The registered job.</returns>
    /// <exception cref="FopWatchRefusedException">The registration is invalid. It would be refused again.</exception>
    /// <exception cref="FopWatchUnreachableException">The job may or may not have been registered: register it again.</exception>
    Task<RegisteredJob> RegisterAsync(JobRegistration registration, CancellationToken cancellationToken = default);

    /// <summary>Registers any number of jobs, up to 1000 per request. An invalid registration does not affect the others.</summary>
    /// <param name="registrations">The jobs.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The result of each, in the order of <paramref name="registrations"/>.</returns>
    /// <exception cref="FopWatchRefusedException">The host refused the caller, not a registration.</exception>
    /// <exception cref="FopWatchUnreachableException">Some may have been registered: register all again.</exception>
    Task<IReadOnlyList<RegistrationResult>> RegisterManyAsync(IReadOnlyList<JobRegistration> registrations, CancellationToken cancellationToken = default);

    /// <summary>Reads a job.</summary>
    /// <param name="source">The name of the source.</param>
    /// <param name="id">The id of the job.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The job; null if the host does not know it.</returns>
    Task<WatchedJob?> GetAsync(string source, string id, CancellationToken cancellationToken = default);

    /// <summary>
    /// Waits until a job has an outcome, without a time limit, even through 503 answers, cut connections and restarts of the host. The
    /// outcome <see cref="JobState.Expired"/> can be superseded later.
    /// </summary>
    /// <param name="source">The name of the source.</param>
    /// <param name="id">The id of the job.</param>
    /// <param name="cancellationToken">Ends the wait with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>The settled job.</returns>
    /// <exception cref="FopWatchRefusedException">The host refused, for example because it does not know the job (404).</exception>
    /// <exception cref="FopWatchUnreachableException">The host is broken, or is not FopWatch.</exception>
    Task<WatchedJob> WaitAsync(string source, string id, CancellationToken cancellationToken = default);

    /// <summary>Lists jobs, newest first. Pages are fetched as the list is read.</summary>
    /// <remarks>Jobs that the host cannot read from its store are left out; <see cref="ListPageAsync"/> names them.</remarks>
    /// <param name="filter">Selects jobs; null for all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    IAsyncEnumerable<WatchedJob> ListAsync(JobFilter? filter = null, CancellationToken cancellationToken = default);

    /// <summary>Reads one page of the list of jobs.</summary>
    /// <param name="filter">Selects jobs; null for all.</param>
    /// <param name="top">The most jobs, from 1 to 1000.</param>
    /// <param name="continuation">The continuation of the previous page; null for the first page.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task<JobPage> ListPageAsync(JobFilter? filter = null, int top = 100, string? continuation = null, CancellationToken cancellationToken = default);

    /// <summary>Counts jobs, up to 100,000.</summary>
    /// <param name="filter">Selects jobs; null for all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task<JobCount> CountAsync(JobFilter? filter = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Follows the events of an embedded host without end. After a break, it reopens the stream where it broke off, so that no event is
    /// missed. Events are delivered at least once, and can arrive out of order.
    /// </summary>
    /// <param name="after">
    /// The <see cref="EventStreamItem.Cursor"/> of the last processed item; <c>0</c> for all events that the host still has; null for new
    /// events only.
    /// </param>
    /// <param name="source">Only the events of this source; null for all.</param>
    /// <param name="cancellationToken">Ends the stream with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="FopWatchRefusedException">
    /// The host refused, and would refuse again. A cloud host has no stream (404): it publishes to Service Bus.
    /// </exception>
    IAsyncEnumerable<EventStreamItem> EventsAsync(string? after = null, string? source = null, CancellationToken cancellationToken = default);

    /// <summary>Reads the provider's report about a job in its original form, with secrets redacted.</summary>
    /// <param name="source">The name of the source.</param>
    /// <param name="id">The id of the job.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The report; null if the job does not exist or no report is stored.</returns>
    Task<JobBody?> BodyAsync(string source, string id, CancellationToken cancellationToken = default);

    /// <summary>Polls the provider's status API about a job now.</summary>
    /// <param name="source">The name of the source.</param>
    /// <param name="id">The id of the job.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The job after the poll, and the answer of the status API.</returns>
    Task<PolledJob> PollAsync(string source, string id, CancellationToken cancellationToken = default);

    /// <summary>Publishes the outcome of a job again, as a new version.</summary>
    /// <param name="source">The name of the source.</param>
    /// <param name="id">The id of the job.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="FopWatchRefusedException">The job does not exist (404), or has no outcome to publish (409).</exception>
    Task<WatchedJob> RepublishAsync(string source, string id, CancellationToken cancellationToken = default);

    /// <summary>Stops watching a job. The job remains, and a notification still settles it.</summary>
    /// <param name="source">The name of the source.</param>
    /// <param name="id">The id of the job.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task<WatchedJob> StopAsync(string source, string id, CancellationToken cancellationToken = default);

    /// <summary>Counts the jobs that a bulk request would affect. Nothing is changed.</summary>
    /// <param name="action">The action.</param>
    /// <param name="filter">Selects jobs. At least one filter is required.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The count, with the <see cref="BulkAnswer.Confirm"/> to pass to <see cref="RunBulkAsync"/>.</returns>
    Task<BulkAnswer> CountBulkAsync(BulkAction action, JobFilter filter, CancellationToken cancellationToken = default);

    /// <summary>Runs an action on all jobs that match filters, after their count is confirmed.</summary>
    /// <param name="action">The action.</param>
    /// <param name="filter">The filter that was counted.</param>
    /// <param name="confirm">The <see cref="BulkAnswer.Confirm"/> of <see cref="CountBulkAsync"/>.</param>
    /// <param name="progress">Receives the progress every 20 seconds; null for none.</param>
    /// <param name="cancellationToken">Cancels. Completed changes remain.</param>
    /// <returns>The result.</returns>
    /// <exception cref="FopWatchRefusedException">The count has changed (409): nothing was changed.</exception>
    /// <exception cref="FopWatchUnreachableException">Some changes may have been made: count again.</exception>
    Task<BulkAnswer> RunBulkAsync(
        BulkAction action, JobFilter filter, string confirm, IProgress<BulkAnswer>? progress = null, CancellationToken cancellationToken = default);

    /// <summary>Reads the status of the sources, and the counts of the last hours.</summary>
    /// <param name="source">Limits the answer to this source; null for all.</param>
    /// <param name="hours">The number of hours, including the current one.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task<Overview> OverviewAsync(string? source = null, int hours = 24, CancellationToken cancellationToken = default);

    /// <summary>Reads the plans by which jobs are polled.</summary>
    /// <param name="source">Limits the answer to this source; null for all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task<PlanReport> PlanAsync(string? source = null, CancellationToken cancellationToken = default);

    /// <summary>Lists quarantined notifications, newest first. Pages are fetched as the list is read.</summary>
    /// <param name="source">Only notifications to this source; null for all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    IAsyncEnumerable<QuarantinedNotification> ListQuarantineAsync(string? source = null, CancellationToken cancellationToken = default);

    /// <summary>Reads one page of quarantined notifications.</summary>
    /// <param name="source">Only notifications to this source; null for all.</param>
    /// <param name="top">The most notifications, from 1 to 100.</param>
    /// <param name="continuation">The continuation of the previous page; null for the first page.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task<QuarantinePage> ListQuarantinePageAsync(
        string? source = null, int top = 20, string? continuation = null, CancellationToken cancellationToken = default);

    /// <summary>Reads a quarantined notification.</summary>
    /// <param name="key">The key of the notification.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The notification; null if no notification with this key is in quarantine.</returns>
    Task<QuarantinedNotification?> GetQuarantinedAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Retries a quarantined notification with the host's current keys and decoders.</summary>
    /// <param name="key">The key of the notification.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The result; null if no notification with this key is in quarantine.</returns>
    Task<RetriedNotification?> RetryQuarantinedAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Deletes a quarantined notification. An unknown key is not an error.</summary>
    /// <param name="key">The key of the notification.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task DeleteQuarantinedAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Counts the quarantined notifications that would be retried. Nothing is changed.</summary>
    /// <param name="source">Only notifications to this source; null for all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The count, with the <see cref="BulkAnswer.Confirm"/> to pass to <see cref="RunQuarantineRetryAsync"/>.</returns>
    Task<BulkAnswer> CountQuarantineRetryAsync(string? source = null, CancellationToken cancellationToken = default);

    /// <summary>Retries all quarantined notifications, after their count is confirmed.</summary>
    /// <param name="source">The source that was counted.</param>
    /// <param name="confirm">The <see cref="BulkAnswer.Confirm"/> of <see cref="CountQuarantineRetryAsync"/>.</param>
    /// <param name="progress">Receives the progress every 20 seconds, with the result of each notification since the last report; null for none.</param>
    /// <param name="cancellationToken">Cancels. Completed changes remain.</param>
    /// <returns>The result.</returns>
    /// <exception cref="FopWatchRefusedException">The count has changed (409): nothing was changed.</exception>
    /// <exception cref="FopWatchUnreachableException">Some changes may have been made: count again.</exception>
    Task<BulkAnswer> RunQuarantineRetryAsync(
        string? source, string confirm, IProgress<BulkAnswer>? progress = null, CancellationToken cancellationToken = default);

    /// <summary>Counts the quarantined notifications that would be deleted. Nothing is changed.</summary>
    /// <param name="source">Only notifications to this source; null for all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The count, with the <see cref="BulkAnswer.Confirm"/> to pass to <see cref="RunQuarantineDeleteAsync"/>.</returns>
    Task<BulkAnswer> CountQuarantineDeleteAsync(string? source = null, CancellationToken cancellationToken = default);

    /// <summary>
    /// Deletes all quarantined notifications, after their count is confirmed. Notifications that arrive after the count remain.
    /// </summary>
    /// <param name="source">The source that was counted.</param>
    /// <param name="confirm">The <see cref="BulkAnswer.Confirm"/> of <see cref="CountQuarantineDeleteAsync"/>.</param>
    /// <param name="progress">Receives the progress every 20 seconds; null for none.</param>
    /// <param name="cancellationToken">Cancels. Completed changes remain.</param>
    /// <returns>The result.</returns>
    /// <exception cref="FopWatchRefusedException">The count has changed (409): nothing was changed.</exception>
    /// <exception cref="FopWatchUnreachableException">Some changes may have been made: count again.</exception>
    Task<BulkAnswer> RunQuarantineDeleteAsync(
        string? source, string confirm, IProgress<BulkAnswer>? progress = null, CancellationToken cancellationToken = default);

    /// <summary>Examines the installation: settings, status APIs, notify URLs, stores, and the traffic of the last day.</summary>
    /// <param name="cancellationToken">Cancels.</param>
    Task<DoctorReport> ExamineAsync(CancellationToken cancellationToken = default);

    /// <summary>Lists the webhooks of an embedded host by name.</summary>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="FopWatchRefusedException">The host is a cloud host, which has no webhooks (404), or the key cannot see all sources (403).</exception>
    Task<IReadOnlyList<WebhookStatus>> ListWebhooksAsync(CancellationToken cancellationToken = default);

    /// <summary>Reads a webhook.</summary>
    /// <param name="name">The name of the webhook.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The webhook; null if it does not exist.</returns>
    Task<WebhookStatus?> GetWebhookAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Lists the last attempts of a webhook, newest first.</summary>
    /// <param name="name">The name of the webhook.</param>
    /// <param name="top">The most attempts, from 1 to 300.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The attempts; null if the webhook does not exist.</returns>
    Task<IReadOnlyList<WebhookDelivery>?> ListDeliveriesAsync(string name, int top = 50, CancellationToken cancellationToken = default);

    /// <summary>Pauses a webhook until it is resumed. An event in flight may still be delivered.</summary>
    /// <param name="name">The name of the webhook.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The webhook; null if it does not exist.</returns>
    Task<WebhookStatus?> PauseWebhookAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Resumes a paused or failing webhook at once.</summary>
    /// <param name="name">The name of the webhook.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The webhook; null if it does not exist.</returns>
    Task<WebhookStatus?> ResumeWebhookAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Sends all events after a position of the event log to a webhook again.</summary>
    /// <param name="name">The name of the webhook.</param>
    /// <param name="from">The position, or the <see cref="EventStreamItem.Cursor"/> of an event. 0 is the beginning of the log.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The webhook; null if it does not exist.</returns>
    Task<WebhookStatus?> ReplayWebhookAsync(string name, string from, CancellationToken cancellationToken = default);

    /// <summary>Sends all events since a time to a webhook again.</summary>
    /// <param name="name">The name of the webhook.</param>
    /// <param name="since">The time.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The webhook; null if it does not exist.</returns>
    Task<WebhookStatus?> ReplayWebhookSinceAsync(string name, DateTimeOffset since, CancellationToken cancellationToken = default);

    /// <summary>What <see cref="ReplayWebhookAsync"/> would lead to. Nothing is sent or changed.</summary>
    /// <param name="name">The name of the webhook.</param>
    /// <param name="from">The position, or the <see cref="EventStreamItem.Cursor"/> of an event. 0 is the beginning of the log.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The webhook, with the position that it would have; null if it does not exist.</returns>
    Task<WebhookStatus?> PreviewReplayAsync(string name, string from, CancellationToken cancellationToken = default);

    /// <summary>What <see cref="ReplayWebhookSinceAsync"/> would lead to. Nothing is sent or changed.</summary>
    /// <param name="name">The name of the webhook.</param>
    /// <param name="since">The time.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The webhook, with the position that it would have; null if it does not exist.</returns>
    Task<WebhookStatus?> PreviewReplaySinceAsync(string name, DateTimeOffset since, CancellationToken cancellationToken = default);

    /// <summary>Sends one signed test event to the receiver of a webhook. It changes nothing.</summary>
    /// <param name="name">The name of the webhook.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The result; null if the webhook does not exist.</returns>
    Task<WebhookTest?> TestWebhookAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Reads the rights of the caller, and the kind of host.</summary>
    /// <param name="cancellationToken">Cancels.</param>
    Task<CallerProfile> MeAsync(CancellationToken cancellationToken = default);

    /// <summary>The URL of a job in the host's API.</summary>
    /// <param name="source">The name of the source.</param>
    /// <param name="id">The id of the job.</param>
    Uri UrlOf(string source, string id);
}
