using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Providers.Wangsu;

/// <summary>
/// The meaning of Wangsu's codes. The same code at the top level has different meanings in a notification and in an answer
/// (providers.md, section 2).
/// </summary>
/// <param name="Progress">The progress of the job.</param>
/// <param name="Closed">Whether the processing is over and all commands are listed.</param>
/// <param name="Delivery">The delivery of the notification; null if the code says nothing about it.</param>
/// <param name="AsksForPoll">Whether the processing is over but commands may be missing.</param>
internal readonly record struct WangsuCodes(JobProgress Progress, bool Closed, NotificationDelivery? Delivery, bool AsksForPoll)
{
    /// <summary>The meaning of the code at the top level of a body.</summary>
    public static WangsuCodes Of(ReportChannel channel, JsonElement root) =>
        channel == ReportChannel.Poll ? OfAnswer(root.Integer("code")) : OfNotification(root.Integer("code"), IsSeparate(root));

    /// <summary>
    /// Whether a body that closes the job may lack commands: a notification that does not say whether it was sent separately. It is unknown whether a
    /// notification that was sent separately always says so.
    /// </summary>
    public bool MayLackCommands(ReportChannel channel, JsonElement root) =>
        Closed && channel == ReportChannel.Notification && root.Field("separate") is null;

    /// <summary>The state of a command by its code, which is the same in notifications and answers.</summary>
    public static ItemState StateOf(long? code) => code switch
    {
        0 => ItemState.Waiting,
        1 => ItemState.Processing,
        2 or 18 or 19 or 20 => ItemState.Failed,
        3 or 4 or 5 or 6 => ItemState.Succeeded,
        _ => ItemState.Unknown,
    };

    /// <summary>The delivery of the notification by the codes of the commands.</summary>
    public static NotificationDelivery DeliveryOf(IReadOnlyCollection<JsonElement> items)
    {
        var codes = items.Select(item => item.Integer("code")).ToList();
        return codes.Any(code => code is 5 or 19) ? NotificationDelivery.Failed
            : codes.Any(code => code is 4 or 18) ? NotificationDelivery.Pending
            : codes.Count > 0 && codes.All(code => code is 6 or 20) ? NotificationDelivery.Delivered
            : NotificationDelivery.Unknown;
    }

    private static WangsuCodes OfAnswer(long? code) => code switch
    {
        0 => new(JobProgress.Waiting, false, null, false),
        1 => new(JobProgress.Processing, false, null, false),
        3 => new(JobProgress.Processing, true, null, false),
        4 => new(JobProgress.Processing, true, NotificationDelivery.Pending, false),
        5 => new(JobProgress.Processing, true, NotificationDelivery.Failed, false),
        6 => new(JobProgress.Processing, true, NotificationDelivery.Delivered, false),
        _ => default,
    };

    private static WangsuCodes OfNotification(long? code, bool separate) => code switch
    {
        // Sent separately, whatever else the body says: more notifications follow.
        1 or 2 => new(JobProgress.Processing, false, NotificationDelivery.Pending, false),
        // It is unknown whether the last of several notifications lists all commands, so only an answer can close the job.
        3 => new(JobProgress.Processing, !separate, NotificationDelivery.Delivered, separate),
        _ => default,
    };

    /// <summary>Everything except a clear "no" counts as "yes": a wrong "yes" costs a poll, a wrong "no" an outcome.</summary>
    private static bool IsSeparate(JsonElement root) => root.Field("separate") is not null && root.Flag("separate") != false;
}
