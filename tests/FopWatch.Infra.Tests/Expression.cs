using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace FopWatch.Infra.Tests;

/// <summary>
/// Evaluates the expressions that the compiler leaves because they depend on what only Azure knows: <c>reference(…)</c> and <c>environment()</c>,
/// within a few functions. Their values are stand-ins of the right form. Every other expression throws, so none stays unevaluated.
/// </summary>
internal sealed class Expression
{
    private readonly string _text;
    private readonly ISet<Unknown> _unknown;
    private int _at;

    private Expression(string text, ISet<Unknown> unknown) => (_text, _unknown) = (text, unknown);

    /// <summary>A copy with every expression evaluated.</summary>
    public static JsonNode? Evaluated(JsonNode? node, ISet<Unknown> unknown) => node switch
    {
        JsonObject members => new JsonObject(members.Select(one => KeyValuePair.Create(Key(one.Key), Evaluated(one.Value, unknown)))),
        JsonArray elements => new JsonArray([.. elements.Select(one => Evaluated(one, unknown))]),
        JsonValue value when value.TryGetValue<string>(out var text) && text is ['[', not '[', ..] => new Expression(text, unknown).Whole(),
        _ => node?.DeepClone(),
    };

    /// <summary>A stand-in for a value that only Azure knows, in the form that Azure uses.</summary>
    public static string StandIn(string of, string property) => (of.Split('/')[^1], property) switch
    {
        (_, "principalId" or "clientId" or "frontDoorId") =>
            new Guid(SHA256.HashData(Encoding.UTF8.GetBytes($"{of}.{property}")).AsSpan(0, 16)).ToString(),
        (var name, "primaryEndpoints.blob") => $"https://{name}.blob.core.windows.net/",
        (var name, "primaryEndpoints.queue") => $"https://{name}.queue.core.windows.net/",
        (var name, "primaryEndpoints.table") => $"https://{name}.table.core.windows.net/",
        (var name, "serviceBusEndpoint") => $"https://{name}.servicebus.windows.net:443/",
        (var name, "vaultUri") => $"https://{name}.vault.azure.net/",
        (var name, "defaultHostName") => $"{name}.azurewebsites.net",
        (var name, "hostName") => $"{name}.z01.azurefd.net",
        (_, "ConnectionString") => $"InstrumentationKey={Guid.Empty};IngestionEndpoint=https://eastus2-1.in.applicationinsights.azure.com/",
        (_, "ipAddress") => "203.0.113.7",
        ("environment", "suffixes.storage") => "core.windows.net",
        ("environment", "suffixes.keyvaultDns") => ".vault.azure.net",
        ("environment", "portal") => "https://portal.azure.com",
        _ => throw new FormatException($"{property} of {of} has no stand-in."),
    };

    private static string Key(string key) =>
        key.StartsWith('[') ? throw new FormatException($"The name {key} is not known before deployment.") : key;

    private JsonNode Whole()
    {
        Take('[');
        var value = Value();
        Take(']');
        return _at == _text.Length ? value : throw Unexpected();
    }

    private JsonNode Value()
    {
        var value = _text[_at] switch
        {
            '\'' => Text(),
            >= '0' and <= '9' => Number(),
            _ => Call(),
        };
        while (TryTake('['))
        {
            value = value.AsArray()[Value().GetValue<int>()]!.DeepClone();
            Take(']');
        }

        return value;
    }

    private JsonValue Text()
    {
        var text = new StringBuilder();
        Take('\'');
        while (true)
        {
            if (!TryTake('\''))
                text.Append(_text[_at++]);
            else if (TryTake('\''))
                text.Append('\'');
            else
                return JsonValue.Create(text.ToString());
        }
    }

    private JsonValue Number()
    {
        var start = _at;
        while (char.IsAsciiDigit(_text[_at]))
            _at++;
        return JsonValue.Create(int.Parse(_text.AsSpan(start, _at - start), CultureInfo.InvariantCulture));
    }

    private JsonNode Call()
    {
        var function = Name();
        var arguments = new List<JsonNode>();
        Take('(');
        while (!TryTake(')'))
        {
            arguments.Add(Value());
            if (TryTake(','))
                Take(' ');
        }

        return function switch
        {
            "reference" => OfAzure(One(0)),
            "environment" => OfAzure("environment"),
            "format" => JsonValue.Create(
                string.Format(CultureInfo.InvariantCulture, One(0), [.. arguments.Skip(1).Select(one => one.ToString())])),
            "replace" => JsonValue.Create(One(0).Replace(One(1), One(2), StringComparison.Ordinal)),
            "split" => new JsonArray([.. One(0).Split(One(1)).Select(one => JsonValue.Create(one))]),
            "resourceId" => JsonValue.Create($"/subscriptions/{One(0)}/resourceGroups/{One(1)}/providers/{One(2)}/{One(3)}"),
            "createArray" => new JsonArray([.. arguments]),
            "createObject" => new JsonObject(
                arguments.Chunk(2).Select(pair => KeyValuePair.Create(pair[0].GetValue<string>(), (JsonNode?)pair[1]))),
            _ => throw new FormatException($"{function} stays unevaluated in {_text}"),
        };

        string One(int i) => arguments[i].GetValue<string>();
    }

    private JsonValue OfAzure(string of)
    {
        var path = new List<string>();
        while (TryTake('.'))
            path.Add(Name());
        var property = string.Join('.', path);
        _unknown.Add(new(of, property));
        return JsonValue.Create(StandIn(of, property));
    }

    private string Name()
    {
        var start = _at;
        while (char.IsAsciiLetterOrDigit(_text[_at]))
            _at++;
        return _at > start ? _text[start.._at] : throw Unexpected();
    }

    private bool TryTake(char c)
    {
        if (_at >= _text.Length || _text[_at] != c)
            return false;
        _at++;
        return true;
    }

    private void Take(char c)
    {
        if (!TryTake(c))
            throw Unexpected();
    }

    private FormatException Unexpected() => new($"Character {_at} of {_text} is not expected.");
}
