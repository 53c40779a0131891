using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FopWatch.Local.Hosting;
using FopWatch.Settings;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// The JSON file with the settings. The JSON provider of .NET's configuration is not used: it reports neither line nor column, and does not
/// preserve which values were lists.
/// </summary>
internal sealed class SettingsFile
{
    public const string DefaultName = "fopwatch.json";
    private const string VariablePrefix = FopWatchSettings.Section + "__";
    private const int MaxBytes = 4 << 20;
    private const string Missing = "missing";
    private const string MustBeObject = $"must be a JSON object with the member \"{FopWatchSettings.Section}\"";

    private readonly Dictionary<string, string?> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _lists = [];
    private readonly string _path;
    private readonly byte[] _json;
    private readonly bool _exists;
    private readonly bool _isPipe;
    private readonly string _seen;

    private SettingsFile(string path, byte[]? json, bool isPipe, string seen)
    {
        _path = path;
        _exists = json is not null;
        _json = json ?? [];
        (_isPipe, _seen) = (isPipe, seen);
    }

    /// <summary>Reads the host's settings from a file and the environment, which takes precedence.</summary>
    /// <param name="file">The file; null for <c>fopwatch.json</c> in the current folder, if it exists.</param>
    /// <param name="urls">The addresses to listen on.</param>
    /// <param name="data">The data folder.</param>
    /// <param name="serves">Whether a host starts with the settings.</param>
    /// <exception cref="SettingsException">The file cannot be read, or settings are invalid.</exception>
    public static HostSettings Read(string? file, string urls, string data, bool serves = true)
    {
        if (file is not null && string.IsNullOrWhiteSpace(file))
            throw new SettingsException([$"--config is empty: it takes a JSON file, such as {DefaultName}"]);
        if (file is not null && file.Contains('\0', StringComparison.Ordinal))
            throw new SettingsException([$"--config: '{file}' is not a valid file name"]);

        var read = Open(file);
        if (read._exists)
            read.Parse();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(read._values).AddEnvironmentVariables().Build();
        var variables = Environment.GetEnvironmentVariables().Keys.OfType<string>();
        var origin = new SettingsOrigin(
            read._path, read._exists, variables.Count(name => name.StartsWith(VariablePrefix, StringComparison.OrdinalIgnoreCase)))
        {
            Seen = read._seen,
            Look = read._isPipe ? () => read._seen : () => Look(read._path),
            ReadAgain = read._isPipe ? null : () => Read(read._exists ? read._path : file, urls, data, serves),
        };
        try
        {
            return HostSettings.Read(configuration, urls, data, read._lists, serves) with { ReadFrom = origin };
        }
        catch (SettingsException e) when (e.Problems.Any(problem => problem.StartsWith(FopWatchSettings.Section + ":", StringComparison.Ordinal)))
        {
            throw new SettingsException(e.Problems) { Origin = origin.ToWords() };
        }
    }

    private static SettingsFile Open(string? file)
    {
        var path = file ?? DefaultName;
        try
        {
            path = Path.GetFullPath(path);
            if (InputFile.OtherThanFile(path) is { } other)
                throw new SettingsException([$"{path} is {other}, not a settings file"]);

            using var stream = OpenShared(path);
            using var bytes = ReadLimited(stream);
            if (bytes.Length > MaxBytes)
                throw new SettingsException([$"{path} is larger than {MaxBytes >> 20} MiB, the limit for a settings file"]);

            return InputFile.TextOf(bytes.ToArray()) is { } text
                ? new(path, Encoding.UTF8.GetBytes(text), !stream.CanSeek, SeenOf(bytes))
                : throw new SettingsException([$"{path} {InputFile.NotText}"]);
        }
        catch (Exception e) when (file is null && e is FileNotFoundException or DirectoryNotFoundException)
        {
            return new(path, null, isPipe: false, Missing);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SettingsException([$"{path}: there is no such file"]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException([$"{path} cannot be read: {InputFile.Reason(e).TrimEnd('.')}"]);
        }
    }

    /// <summary>What the file is like now, without its content.</summary>
    private static string Look(string path)
    {
        try
        {
            if (InputFile.OtherThanFile(path) is { } other)
                return other;
            using var stream = OpenShared(path);
            using var bytes = ReadLimited(stream);
            return SeenOf(bytes);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Missing;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.GetType().Name;
        }
    }

    private static string SeenOf(MemoryStream bytes) => Convert.ToHexString(SHA256.HashData(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));

    /// <summary>Whoever writes the file or puts another in its place is not hindered.</summary>
    private static FileStream OpenShared(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Reads a file, or a little more than is allowed of one that is larger.</summary>
    private static MemoryStream ReadLimited(FileStream stream)
    {
        var bytes = new MemoryStream();
        var buffer = new byte[64 * 1024];
        for (int count; bytes.Length <= MaxBytes && (count = stream.Read(buffer)) > 0;)
            bytes.Write(buffer, 0, count);
        return bytes;
    }

    private void Parse()
    {
        var reader = new Utf8JsonReader(_json, new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        try
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw Wrong(reader.TokenStartIndex, $"the file {MustBeObject}");
            ReadObject(ref reader, null);
            reader.Read();
        }
        catch (JsonException e) when (e.Message.Contains("does not contain any JSON tokens", StringComparison.Ordinal))
        {
            // Nothing but the message distinguishes it from a cut literal. The rest of the message is about the reader's own parameters.
            throw Wrong(0, $"the file is empty: it {MustBeObject}");
        }
        catch (JsonException e)
        {
            // The position in the message counts from 0.
            var where = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            throw Wrong(OffsetOf(e), $"the JSON is invalid: {(where < 0 ? e.Message : e.Message[..where])}");
        }
        catch (InvalidOperationException e)
        {
            // A string is not valid Unicode.
            throw Wrong(reader.TokenStartIndex, $"the JSON is invalid: {e.Message}");
        }

        CheckTop();
    }

    private void CheckTop()
    {
        const string Section = FopWatchSettings.Section;
        if (_lists.Remove("") || _values.TryGetValue(Section, out var value) && value is not null)
            throw new SettingsException([$"{_path}: \"{Section}\" takes a map from names to settings"]);

        var top = _values.Keys.Select(name => name.Split(':')[0]).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        if (top.Contains(Section, StringComparer.OrdinalIgnoreCase))
            return;

        var there = top.Count == 0
            ? "it is empty"
            : $"it has {string.Join(", ", top.Take(5).Select(name => $"\"{TextCut.Of(name, 40)}\""))}{(top.Count > 5 ? " …" : "")}";
        throw new SettingsException([$"{_path}: the top level has no \"{Section}\"; {there}. All settings belong below \"{Section}\""]);
    }

    private void ReadObject(ref Utf8JsonReader reader, string? name)
    {
        var isEmpty = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            isEmpty = false;
            var at = reader.TokenStartIndex;
            var member = reader.GetString()!;
            var child = name is null ? member : $"{name}:{member}";
            reader.Read();
            ReadValue(ref reader, child, at);
        }

        if (isEmpty && name is not null)
            Add(name, null, reader.TokenStartIndex);
    }

    private void ReadArray(ref Utf8JsonReader reader, string name)
    {
        if (name.Equals(FopWatchSettings.Section, StringComparison.OrdinalIgnoreCase))
            _lists.Add("");
        else if (name.StartsWith(FopWatchSettings.Section + ":", StringComparison.OrdinalIgnoreCase))
            _lists.Add(name[(FopWatchSettings.Section.Length + 1)..]);
        var index = 0;
        for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
            ReadValue(ref reader, string.Create(CultureInfo.InvariantCulture, $"{name}:{index}"), reader.TokenStartIndex);
        if (index == 0)
            Add(name, null, reader.TokenStartIndex);
    }

    private void ReadValue(ref Utf8JsonReader reader, string name, long at)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                ReadObject(ref reader, name);
                break;
            case JsonTokenType.StartArray:
                ReadArray(ref reader, name);
                break;
            case JsonTokenType.String:
                Add(name, reader.GetString(), at);
                break;
            case JsonTokenType.Null:
                Add(name, null, at);
                break;
            default:
                Add(name, Encoding.UTF8.GetString(reader.ValueSpan), at);
                break;
        }
    }

    private void Add(string name, string? value, long at)
    {
        if (!_values.TryAdd(name, value))
            throw Wrong(at, $"{name} is set twice; names are case-insensitive");
    }

    private SettingsException Wrong(long offset, string problem)
    {
        var before = _json.AsSpan(0, (int)Math.Min(offset, _json.Length));
        var line = before.Count((byte)'\n') + 1;
        var column = Encoding.UTF8.GetCharCount(before[(before.LastIndexOf((byte)'\n') + 1)..]) + 1;
        return new([string.Create(CultureInfo.InvariantCulture, $"{_path}:{line}:{column}: {problem}")]);
    }

    private long OffsetOf(JsonException e)
    {
        var start = 0;
        for (var line = e.LineNumber ?? 0; line > 0; line--)
            start += _json.AsSpan(start).IndexOf((byte)'\n') + 1;
        return start + (e.BytePositionInLine ?? 0);
    }
}
