using System.Text;
using FopWatch.Simulator;

namespace FopWatch.Load.Generating;

/// <summary>Notifications in Qiniu's form, of jobs with one command that succeeded.</summary>
/// <param name="url">The host.</param>
/// <param name="ids">The ids of the jobs.</param>
/// <param name="key">The key that signs them; null for unsigned notifications.</param>
/// <param name="path">The path of the notify URL.</param>
internal sealed class NotificationRequests(Uri url, JobIds ids, SigningKey? key = null, string path = HttpRequests.NotifyPath) : HttpRequests
{
    private const string Body = $$"""
        {"id":"{{JobIds.Place}}","pipeline":"0.default","code":0,"desc":"The fop was completed successfully","reqid":"xGAAAJdPiD0OTY0U","inputBucket":"lessons","inputKey":"in/{{JobIds.Place}}.mp4","items":[{"cmd":"avthumb/mp4/vb/1.25m","code":0,"desc":"The fop was completed successfully","hash":"FuYTvVs0nZkBZb5ZpIM2OOLzCkNK","key":"out/{{JobIds.Place}}.mp4","returnOld":0}]}
        """;

    private const string Type = "application/json";

    private readonly Uri _url = new(url, path);
    private readonly byte[] _request = Template(url, path, key);
    private readonly int[] _ids = PlacesOf(Template(url, path, key), JobIds.Place);
    private readonly int _authorization = key is null ? 0 : PlacesOf(Template(url, path, key), "Qiniu ")[0];

    /// <summary>The number of the id in the last request.</summary>
    public long LastNumber { get; private set; }

    public override ReadOnlyMemory<byte> Next()
    {
        if (ids.Take() is not { } number)
            return default;
        LastNumber = number;
        ids.Write(number, _request, _ids);
        if (key is not null)
            Encoding.ASCII.GetBytes(Signer.Qiniu(key.AccessKey, key.SecretKey, _url, Type, _request.AsSpan(^Body.Length)), _request.AsSpan(_authorization));
        return _request;
    }

    private static byte[] Template(Uri url, string path, SigningKey? key)
    {
        var authorization = key is null ? "" : $"Authorization: {Signer.Qiniu(key.AccessKey, key.SecretKey, url, Type, [])}\r\n";
        return Request("POST", path, url, $"Content-Type: {Type}\r\n{authorization}", Body);
    }
}
