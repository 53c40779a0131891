using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace FopWatch.Simulator;

/// <summary>Sends the notifications of jobs, and forged ones.</summary>
internal sealed class Notifier : IDisposable
{
    private readonly SimulatorOptions _options;
    private readonly DueQueue _queue;
    private readonly SimulatorCounters _counters;
    private readonly SemaphoreSlim _slots;
    private readonly CancellationTokenSource _stopping = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(20),
        // A provider does not propagate traces.
        ActivityHeadersPropagator = null,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = 1 << 20,
    };

    public Notifier(SimulatorOptions options, DueQueue queue, SimulatorCounters counters)
    {
        (_options, _queue, _counters) = (options, queue, counters);
        _slots = new(options.MaxConcurrentNotifications);
    }

    /// <summary>Sends everything that is to be sent for a job. It does not end before the job's processing.</summary>
    public Task NotifyAsync(Submission submission) => _queue.RunAsync(() => NotifyCoreAsync(submission));

    /// <summary>Ends all flows.</summary>
    public void Stop() => _stopping.Cancel();

    public void Dispose()
    {
        _client.Dispose();
        _slots.Dispose();
        _stopping.Dispose();
    }

    private async Task NotifyCoreAsync(Submission submission)
    {
        var (job, faults) = (submission.Job, submission.Job.Faults);
        var notifications = Notifications(submission);
        if (submission.NotifyUrl is not null && !job.Unobtainable)
        {
            var first = notifications.Count > 0 ? notifications[0].Due : submission.At + job.DoneAfter;
            var lead = first - submission.At;
            if (faults.Forged != Forgery.None)
            {
                await _queue.UntilAsync(submission.At + (lead * 0.5));
                await SendAsync(submission, Forged(submission), 0, 1);
            }

            if (faults.UndecodableFirst)
            {
                await _queue.UntilAsync(submission.At + (lead * 0.75));
                await SendAsync(submission, Undecodable(submission), 0, 1);
            }
        }

        if (faults.Reordered)
        {
            foreach (var notification in notifications)
                await DeliverAsync(submission, notification);
        }
        else if (notifications.Count > 0)
        {
            await _queue.AllAsync([.. notifications.Select(notification => _queue.RunAsync(() => DeliverAsync(submission, notification)))]);
        }

        await _queue.UntilAsync(submission.At + job.DoneAfter);
        if (faults.NotificationFails)
            submission.Notification = NotificationFate.Failed;
    }

    /// <summary>The genuine notifications of a job, in the order of sending.</summary>
    private static List<Notification> Notifications(Submission submission)
    {
        var (job, faults) = (submission.Job, submission.Job.Faults);
        if (submission.NotifyUrl is null || job.Unobtainable || faults.Lost || faults.NotificationFails)
            return [];

        var random = Seeded.Random(job.Seed, 9);
        var due = submission.At + job.DoneAfter + faults.Late;
        List<Notification> notifications = [];
        if (!job.Separate)
        {
            notifications.Add(new(0, due, job.DoneAfter, null));
        }
        else
        {
            foreach (var (index, item) in job.Items.Index().OrderBy(pair => pair.Item.FinishedAfter ?? job.DoneAfter))
            {
                var age = item.FinishedAfter ?? job.DoneAfter;
                notifications.Add(new(notifications.Count, submission.At + age + faults.Late, age, job.SeparateListsAll ? null : index));
            }
        }

        if (faults.Doubled)
        {
            // The second is sent at the same time or later.
            notifications.AddRange([.. notifications.Select(first => first with
            {
                Number = first.Number + notifications.Count,
                Due = first.Due + (random.Chance(0.5) ? TimeSpan.Zero : random.Between(TimeSpan.Zero, job.DoneAfter)),
            })]);
        }

        if (faults.Reordered && notifications.Count > 1)
        {
            var last = notifications[^1];
            notifications = random.Shuffled(notifications);
            if (notifications[^1] == last)
                (notifications[0], notifications[^1]) = (notifications[^1], notifications[0]);
            notifications = [.. notifications.Select(notification => notification with { Due = due })];
        }

        return notifications;
    }

    private async Task DeliverAsync(Submission submission, Notification notification)
    {
        await _queue.UntilAsync(notification.Due);
        var job = submission.Job;
        var message = Genuine(submission, notification);
        var waits = job.IsWangsu ? RetrySchedule.Wangsu : RetrySchedule.Qiniu;
        var first = _options.Clock.GetUtcNow();
        for (var attempt = 1; ; attempt++)
        {
            var cut = job.Faults.CutFirst && attempt == 1 && notification.Number == 0;
            var status = await SendAsync(submission, message with { IsCut = cut }, notification.Number, attempt);
            if (status == 200)
            {
                submission.Notification = NotificationFate.Delivered;
                return;
            }

            var now = _options.Clock.GetUtcNow();
            if (RetrySchedule.GivesUpAt(status, job.IsWangsu)
                || attempt > waits.Count
                || now + waits[attempt - 1] - first > _options.RetryBudget)
            {
                submission.Notification = NotificationFate.Failed;
                return;
            }

            submission.Notification = NotificationFate.Retrying;
            await _queue.UntilAsync(now + waits[attempt - 1]);
        }
    }

    /// <returns>The HTTP status of the answer; null if there was no complete answer.</returns>
    private async Task<int?> SendAsync(Submission submission, Message message, int number, int attempt)
    {
        await _slots.WaitAsync(_stopping.Token);
        try
        {
            var at = _options.Clock.GetUtcNow();
            var status = await PostAsync(submission.NotifyUrl!, message);
            _counters.Sent(submission.Job.Id, new(message.Kind, number, attempt, at, status));
            return status;
        }
        finally
        {
            _slots.Release();
        }
    }

    private async Task<int?> PostAsync(Uri url, Message message)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        timeout.CancelAfter(_options.RequestTimeout);
        using var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = message.IsCut ? new CutContent(message.Body) : new ByteArrayContent(message.Body),
        };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(message.ContentType);
        foreach (var (name, value) in message.Headers)
            request.Headers.TryAddWithoutValidation(name, value);
        try
        {
            using var response = await _client.SendAsync(request, timeout.Token);
            return (int)response.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or SocketException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
        {
            return null;
        }
    }

    private Message Genuine(Submission submission, Notification notification)
    {
        var job = submission.Job;
        var message = Written(submission, job, notification, DeliveryKind.Genuine);
        var keys = job.IsWangsu ? _options.WangsuKeys : _options.QiniuKeys;
        return job.Signing == SigningScheme.None || keys.Count == 0
            ? message
            : Signed(submission, message, job.Signing, Seeded.Random(job.Seed, 10).Pick(keys));
    }

    private Message Forged(Submission submission)
    {
        var job = submission.Job;
        var whole = new Notification(-1, default, job.DoneAfter, null);
        var message = Written(submission, ProviderReport.Lie(job), whole, DeliveryKind.Forged);
        if (job.Faults.Forged == Forgery.NoSignature)
            return message;

        var keys = job.IsWangsu ? _options.WangsuKeys : _options.QiniuKeys;
        var random = Seeded.Random(job.Seed, 11);
        var stranger = new SigningKey(random.Base64Text(40), random.Base64Text(40));
        var key = job.Faults.Forged == Forgery.UnknownKey || keys.Count == 0
            ? stranger
            : new SigningKey(random.Pick(keys).AccessKey, stranger.SecretKey);
        return Signed(submission, message, job.IsWangsu ? SigningScheme.Wangsu : SigningScheme.Qiniu, key);
    }

    private Message Undecodable(Submission submission)
    {
        var job = submission.Job;
        var random = Seeded.Random(job.Seed, 12);
        var noise = new byte[200];
        random.NextBytes(noise);
        byte[][] bodies =
        [
            noise,
            [],
            "[]"u8.ToArray(),
            """{"hello":"world"}"""u8.ToArray(),
            Encoding.UTF8.GetBytes($$"""{"id":"{{job.Id}}","code":0,"items":[{"cmd":"""),
            "<!DOCTYPE html><title>502 Bad Gateway</title>"u8.ToArray(),
            Encoding.ASCII.GetBytes(Convert.ToBase64String(noise)),
        ];
        var message = new Message(DeliveryKind.Undecodable, random.Pick(bodies), ContentType(job));
        var keys = job.IsWangsu ? _options.WangsuKeys : _options.QiniuKeys;
        // Undecodable bodies can come from the provider itself.
        return job.Signing == SigningScheme.None || keys.Count == 0 || random.Chance(0.5)
            ? message
            : Signed(submission, message, job.Signing, random.Pick(keys));
    }

    private static Message Written(Submission submission, SimulatedJob job, Notification notification, DeliveryKind kind)
    {
        var json = new ProviderReport(job, IsNotification: true, notification.Age, submission.At, notification.Number) { Only = notification.Only }.ToJson();
        return new(kind, job.IsWangsu ? WangsuBodies.Encode(json, job.Encoding) : Encoding.UTF8.GetBytes(json), ContentType(job));
    }

    private static string ContentType(SimulatedJob job) => job.IsWangsu ? "text/plain; charset=UTF-8" : "application/json";

    private Message Signed(Submission submission, Message message, SigningScheme scheme, SigningKey key)
    {
        var url = submission.NotifyUrl!;
        var random = Seeded.Random(submission.Job.Seed, 13);
        List<KeyValuePair<string, string>> headers = [];
        // Qiniu sometimes adds its own headers and signs them.
        if (scheme == SigningScheme.Qiniu && random.Chance(0.25))
            headers.Add(new("X-Qiniu-Date", _options.Clock.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)));
        var authorization = scheme switch
        {
            SigningScheme.Qiniu => Signer.Qiniu(key.AccessKey, key.SecretKey, url, message.ContentType, message.Body, headers),
            SigningScheme.QBox => Signer.QBox(key.AccessKey, key.SecretKey, url, message.ContentType, message.Body),
            _ => Signer.Wangsu(key.AccessKey, key.SecretKey, SignedUrl(url, random), message.Body),
        };
        return message with { Headers = [.. headers, new("Authorization", authorization)] };
    }

    /// <summary>Wangsu's documents disagree on whether the signature covers the query.</summary>
    private static string SignedUrl(Uri url, Random random) =>
        random.Chance(0.5) ? url.AbsoluteUri : url.GetLeftPart(UriPartial.Path);

    /// <summary>One notification of a job.</summary>
    /// <param name="Number">See <see cref="Delivery.Notification"/>.</param>
    /// <param name="Due">When it is first sent.</param>
    /// <param name="Age">The age of the job at the reported moment.</param>
    /// <param name="Only">The only item that it lists; null for all.</param>
    private sealed record Notification(int Number, DateTimeOffset Due, TimeSpan Age, int? Only);

    private sealed record Message(DeliveryKind Kind, byte[] Body, string ContentType)
    {
        public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

        /// <summary>Whether to cut the connection in the middle of the body.</summary>
        public bool IsCut { get; init; }
    }
}
